/**
 * How fast a backlog of webhook messages reaches a receiver that answers at once, and what each
 * message costs the disk.
 */

import { join } from "node:path";
import type { loadRunner } from "./load.ts";
import { type MeasuredServer, readUse, startOurs } from "./processes.ts";
import { Receiver } from "./receiver.ts";
import { limitOf, type Row } from "./rows.ts";

/** What to measure, and with what. */
export interface DeliveryOptions {
  readonly ourExecutable: string;
  readonly folder: string;
  readonly quick: boolean;
  readonly progress: (text: string) => void;
  readonly runLoad: ReturnType<typeof loadRunner>;
}

const TERMINALS = 10;
const WAIT_MS_MAX = 120_000;
const POLL_MS = 20;
/** Results wait a moment to be written together, and reach the disk a little later. */
const SETTLE_MS = 500;

/** Takes half a minute, some seconds when quick. */
export async function measureDelivery(options: DeliveryOptions): Promise<Row[]> {
  const receiver = new Receiver();
  const settings = { BIOMETRIC_WEBHOOK_URL: receiver.url };
  const folder = join(options.folder, "delivery");
  const server = await startOurs(options.ourExecutable, folder, settings);
  try {
    options.progress(`a backlog of ${TERMINALS} terminals for a receiver that is away`);
    const load = { terminals: TERMINALS, keepAlive: true, durationMs: options.quick ? 500 : 4000 };
    const { acknowledged } = await options.runLoad(server, load);
    options.progress(`delivering ${acknowledged} messages`);
    return await measureBacklog(server, receiver, acknowledged);
  } finally {
    await server.stop();
    await receiver.stop();
  }
}

async function measureBacklog(
  server: MeasuredServer,
  receiver: Receiver,
  count: number,
): Promise<Row[]> {
  const before = await readUse(server.pid);
  receiver.isWell = true;
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (receiver.eventIds.size < count) {
    if (performance.now() > deadlineMs) {
      throw new Error(
        `${receiver.eventIds.size} of ${count} messages arrived in ${WAIT_MS_MAX} ms`,
      );
    }
    await Bun.sleep(POLL_MS);
  }
  const seconds = (receiver.lastMs - receiver.firstMs) / 1000;
  await Bun.sleep(SETTLE_MS);
  const after = await readUse(server.pid);
  const written = (after.writtenBytes ?? Number.NaN) - (before.writtenBytes ?? Number.NaN);
  return [
    row(`webhook deliveries/s, ${TERMINALS} terminals, all waiting`, "/s", count / seconds),
    row("bytes written per webhook delivery", "B", written / count),
  ];
}

function row(what: string, unit: Row["unit"], ours: number): Row {
  return { what, unit, ours, bare: undefined, limit: limitOf(what) };
}
