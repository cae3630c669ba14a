/**
 * What `status` shows of a server under test: what is wrong, and that its exit code agrees.
 */

import { expect } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { RunningServer } from "../support/running-server.ts";

/** What `status --json` prints, as far as tests look at it. */
export interface ShownStatus {
  readonly well: boolean;
  readonly conditions: readonly {
    readonly type: string;
    readonly subject: string;
    readonly fix: string;
  }[];
}

/** How `status` ends, and what it says. */
export async function readStatus(
  server: RunningServer,
): Promise<{ readonly exitCode: number; readonly status: ShownStatus }> {
  const { exitCode, out, error } = await server.run("status", "--json");
  if (out === "") throw new Error(`Status ends with ${exitCode}: ${error}${server.printed}`);
  return { exitCode, status: JSON.parse(out) };
}

/** Waits until conditions of exactly these types are shown, in this order; gives them. */
export async function untilConditions(
  server: RunningServer,
  types: readonly string[],
): Promise<ShownStatus> {
  let last: ShownStatus | undefined;
  await eventually(`status names ${types.join(", ") || "nothing"}`, async () => {
    const { exitCode, status } = await readStatus(server);
    last = status;
    expect(exitCode).toBe(status.well ? 0 : 3);
    return status.conditions.map(({ type }) => type).join() === types.join();
  });
  if (last === undefined) throw new Error("No status was read");
  return last;
}
