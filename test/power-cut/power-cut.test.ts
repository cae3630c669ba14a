/**
 * Aim: a box that loses its power under load has every punch that it acknowledged, in a sound
 * database, and serves again by itself. The machine is a virtual one, its disk forgets what was not
 * flushed, and a disk that lies about that shows that the loss is seen.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type SeededRandom, withSeed } from "../crash/crash-run.ts";
import { readStored } from "../crash/stored-punches.ts";
import { expectKept } from "../crash/survival.ts";
import { TerminalLoad } from "../crash/terminal-load.ts";
import type { ListedPunch } from "../support/running-server.ts";
import { VirtualMachine } from "./virtual-machine.ts";

/** How often the power is cut; nothing runs without. */
const CUTS = Number(process.env.POWER_CUTS ?? 0);
/** The most of it are boots of an emulated machine. */
const TIMEOUT_MS = 600_000 + CUTS * 400_000;
/** Acknowledged between two cuts, at least. */
const PUNCHES_MIN = 500;
const LOAD_LIMIT_MS = 120_000;
/** So many blocks wait for their flush at a cut, at most; about as many as two commits write. */
const UNFLUSHED_MAX = 8;
const TERMINALS = { terminals: 8, punches: 1_000_000, rate: 100 };

if (CUTS === 0) {
  console.log(
    "power cuts of a virtual machine are skipped: only `npm run test:power-cut` runs them",
  );
}
const testOnMachine = test.skipIf(CUTS === 0);

let machine: VirtualMachine;
beforeAll(async () => {
  if (CUTS > 0) machine = await VirtualMachine.make();
}, TIMEOUT_MS);
afterAll(async () => {
  if (CUTS > 0) await machine[Symbol.asyncDispose]();
});

/** Waits until the terminals have heard so many acknowledgements more. */
async function untilAcknowledged(load: TerminalLoad, count: number): Promise<void> {
  const wanted = load.acknowledged().length + count;
  const endsAtMs = performance.now() + LOAD_LIMIT_MS;
  while (load.acknowledged().length < wanted) {
    if (performance.now() > endsAtMs) throw new Error("The terminals are not answered");
    await Bun.sleep(100);
  }
}

/** Cuts the power in the midst of a commit. What the disk had not flushed is lost in part or whole. */
async function cutUnderLoad(load: TerminalLoad, random: SeededRandom): Promise<void> {
  await untilAcknowledged(load, PUNCHES_MIN);
  await Bun.sleep(random.between(0, 3000));
  const unflushedCount = Math.ceil(random.between(0, UNFLUSHED_MAX));
  const keptPercent = random.chance(50) ? 0 : random.between(0, 100);
  const isWritten = () => random.chance(keptPercent);
  const { lost, written, flushes } = await machine.cutPower(unflushedCount, isWritten);
  // Without flushes nothing of this would say anything.
  expect(flushes).toBeGreaterThan(PUNCHES_MIN / TERMINALS.terminals);
  console.log(
    `power cut after ${flushes} flushes: of ${lost + written} blocks not flushed ${lost} are lost`,
  );
}

/** Every punch that the HRIS can read, as `device user time` between tabs. */
async function readFeed(secret: string): Promise<ReadonlySet<string>> {
  const issued = await fetch(`${machine.webUrl}/api/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ client_id: "hris_system", client_secret: secret }),
  });
  const { token }: { token: string } = JSON.parse(await issued.text());
  const headers = { Authorization: `Bearer ${token}` };
  const keys = new Set<string>();
  for (let after = ""; ; ) {
    const response = await fetch(`${machine.webUrl}/v1/punches?limit=1000${after}`, { headers });
    const page: { punches: ListedPunch[]; next: string; has_more: boolean } = JSON.parse(
      await response.text(),
    );
    for (const punch of page.punches) {
      keys.add([punch.device_id, punch.user_id, punch.wall_time].join("\t"));
    }
    if (!page.has_more) return keys;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

testOnMachine(
  `a box keeps every acknowledged punch over ${CUTS} power cuts, and serves again by itself`,
  () =>
    withSeed(async (random) => {
      await machine.boot({ obeysFlushes: true });
      await using load = new TerminalLoad(machine, { prefix: "CUT", ...TERMINALS });
      for (let cut = 0; cut < CUTS; cut += 1) {
        await cutUnderLoad(load, random);
        const secret = await machine.lookAtDisk((disk) => {
          expectKept(disk, load.acknowledged());
          return /^HRIS_API_SECRET_KEY=(.+)$/m.exec(disk.settings)?.[1] ?? "";
        });
        await machine.boot({ obeysFlushes: true });
        const acknowledged = load.acknowledged();
        const feed = await readFeed(secret);
        expect(acknowledged.filter((key) => !feed.has(key))).toEqual([]);
      }
      await cutUnderLoad(load, random);
      const report = await load.stop();
      expect(load.acknowledged()).toHaveLength(report.acknowledged);
      await machine.lookAtDisk((disk) => expectKept(disk, load.acknowledged()));
      console.log(
        `${CUTS + 1} power cuts: ${report.acknowledged} acknowledged, 0 missing, ${report.resent} sent again`,
      );
    }),
  TIMEOUT_MS,
);

testOnMachine(
  "on a disk that lies about its flushes a power cut loses acknowledged punches",
  async () => {
    await machine.boot({ obeysFlushes: false });
    await using load = new TerminalLoad(machine, { prefix: "LIE", ...TERMINALS });
    await untilAcknowledged(load, PUNCHES_MIN);
    await machine.cutPower(1, () => false);
    const stored = await machine.lookAtDisk(
      (disk) => new Set(readStored(disk).map(({ key }) => key)),
    );
    const missing = load.acknowledged().filter((key) => !stored.has(key));
    expect(missing.length).toBeGreaterThanOrEqual(PUNCHES_MIN);
    console.log(
      `a disk that lies: ${load.acknowledged().length} acknowledged, ${missing.length} missing`,
    );
  },
  TIMEOUT_MS,
);
