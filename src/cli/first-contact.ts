/** Waits at the end of an installation until a terminal has found the box. */

import { asRecord, instantOf, textOf } from "./answer-fields.ts";
import { askService, pause } from "./box-work.ts";
import type { CliEnvironment } from "./environment.ts";
import type { CliHost } from "./host.ts";

const LOOK_PERIOD_MS = 2_000;

/**
 * Returns when a terminal is in contact, or the person stops waiting.
 * @throws AppError when the service does not answer any more.
 */
export async function waitForTerminal(environment: CliEnvironment, host: CliHost): Promise<void> {
  environment.out(
    "\nWaiting for the first terminal. Ctrl-C ends the waiting; the server goes on.\n",
  );
  let isStopped = false;
  void host.stopRequested().then(() => {
    isStopped = true;
  });
  while (!isStopped) {
    const line = firstContact(await askService());
    if (line !== undefined) return environment.out(`${line}\n`);
    await pause(LOOK_PERIOD_MS);
  }
}

/** What there is to say of the terminals that the service knows; undefined: none was in contact. */
export function firstContact(status: Readonly<Record<string, unknown>>): string | undefined {
  const terminals: readonly unknown[] = Array.isArray(status.terminals) ? status.terminals : [];
  const found = terminals
    .map((terminal) => asRecord(terminal) ?? {})
    .find(({ last_contact_at: at }) => instantOf(at) !== undefined);
  if (found === undefined) return undefined;
  const who = `Terminal ${textOf(found.id)} has come from ${textOf(found.last_address)}`;
  if (found.status !== "pending") return `${who} and is in use`;
  return `${who} and waits for approval: biometric-server devices approve ${textOf(found.id)}`;
}
