/**
 * Readings of a terminal's own log, as a person orders them on the command line, and what shows that
 * the terminal has nothing else to send.
 */

import { eventually } from "../support/eventually.ts";
import type { RunningServer } from "../support/running-server.ts";

/** What `commands show --json` prints of one. */
export interface ShownReading {
  readonly status: string;
  readonly is_result_pending: boolean;
  readonly result: Record<string, unknown>;
}

/**
 * Waits until a terminal has shown that its queue is empty. The server's clock must be trusted, as by
 * `clock confirm`, and all that the terminal has must have been in it from the start.
 */
export async function untilDrained(server: RunningServer, device: string): Promise<void> {
  await eventually("queue is empty", async () => {
    const response = await server.get("/v1/completeness");
    const { devices }: { devices: { device_id: string; received_through: string | null }[] } =
      JSON.parse(await response.text());
    return devices.some(({ device_id: id, received_through: at }) => id === device && at !== null);
  });
}

/** Orders one of the whole log; gives the number of the command. */
export async function orderReading(server: RunningServer, device: string): Promise<string> {
  const { out } = await server.run("commands", "send", device, "read-log", "--json");
  const [{ id }] = JSON.parse(out);
  return String(id);
}

/** Waits until what the terminal sent has been compared with what is stored. */
export async function untilRead(server: RunningServer, number: string): Promise<ShownReading> {
  const show = async (): Promise<ShownReading> => {
    const { out } = await server.run("commands", "show", number, "--json");
    return JSON.parse(out);
  };
  await eventually("log read", async () => {
    const { status, is_result_pending: isPending } = await show();
    return status === "done" && !isPending;
  });
  return show();
}
