/** What the verbs that change the box share: they can be stopped between steps, and find the service. */

import { AppError } from "#base/app-error.ts";
import type { ChangeWatch } from "#box/changes.ts";
import { DATA_FOLDER, RUNTIME_FOLDER } from "#box/places.ts";
import { systemClock } from "#platform/clock.ts";
import { asRecord, textOf } from "./answer-fields.ts";
import { askServer } from "./control-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";

/** Where the service answers verbs. */
export const SERVICE_SOCKET = `${RUNTIME_FOLDER}/control.sock`;

/** Tells each step, and ends between two when the person asks for that. */
export function watchChanges(environment: CliEnvironment, host: CliHost): ChangeWatch {
  let isStopped = false;
  void host.stopRequested().then(() => {
    isStopped = true;
  });
  return {
    tell: (line) => environment.out(`${line}\n`),
    check: () => {
      if (isStopped) throw new AppError("interrupted", "Interrupted as asked");
    },
  };
}

/** The process as the service sees it: settings from the service's file alone, its own folders. */
export function serviceHost(host: CliHost): CliHost {
  const variables = { STATE_DIRECTORY: DATA_FOLDER, RUNTIME_DIRECTORY: RUNTIME_FOLDER };
  return { ...host, variables };
}

/** The service's answer to `status`. @throws AppError `control-unreachable` or `control-refused`. */
export async function askService(): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await askServer(SERVICE_SOCKET, "GET", "/status");
  return asRecord(body) ?? {};
}

/** What keeps the service from storing, or that it does not answer; undefined: it is well. */
export async function probeService(): Promise<string | undefined> {
  try {
    return textOf((await askService()).storage_problem) || undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  }
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(durationMs, resolve));
}
