/**
 * Aim: what waits is committed together and answered after the commit, within limits, and nothing
 * is answered with more than what storage said.
 */

import { describe, expect, test } from "bun:test";
import type { Outcome, ReceivedIntake } from "#domain/intake.ts";
import { CommitQueue, type CommitQueueLimits } from "#ingest/commit-queue.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { punchesFrom, rawPunch } from "../support/test-storage.ts";

const LIMITS: CommitQueueLimits = { depthMax: 100, bytesMax: 1_000_000, batchMax: 10 };

const punch = (user: string) => punchesFrom("GATE1", [rawPunch(user, "20260302080000")]);

/** Storage whose commits the test lets happen. */
class HeldStorage {
  readonly batches: (readonly ReceivedIntake[])[] = [];
  readonly #commits: ((outcomes: readonly Outcome[]) => void)[] = [];

  readonly append = (batch: readonly ReceivedIntake[]): Promise<readonly Outcome[]> => {
    this.batches.push(batch);
    return new Promise((resolve) => this.#commits.push(resolve));
  };

  async commit(kind: "stored" | "duplicate" | "failed" = "stored"): Promise<void> {
    const resolve = this.#commits.shift();
    resolve?.((this.batches[0] ?? []).map(() => ({ kind })));
    await turns();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((done) => setImmediate(done));
}

function makeQueue(limits: Partial<CommitQueueLimits> = {}) {
  const storage = new HeldStorage();
  const log = new RecordingLog();
  const clock = new FakeClock();
  const order: string[] = [];
  const queue = new CommitQueue({
    append: storage.append,
    afterCommit: () => order.push("afterCommit"),
    limits: { ...LIMITS, ...limits },
    clock,
    log,
  });
  return { queue, storage, clock, log, order };
}

describe("CommitQueue", () => {
  test("gives everything that came in one turn to storage as one batch, in order", async () => {
    const { queue, storage } = makeQueue();
    for (const user of ["1", "2", "3"]) void queue.submit(punch(user));
    expect(storage.batches).toHaveLength(0);
    await turns();
    expect(storage.batches.map((batch) => batch.length)).toEqual([3]);
  });

  test("takes other limits for what comes from then on, and drops nothing", async () => {
    const { queue, storage } = makeQueue();
    const outcomes = ["1", "2", "3"].map((user) => queue.submit(punch(user)));
    queue.setLimits({ ...LIMITS, depthMax: 3, batchMax: 2 });
    expect(await queue.submit(punch("4"))).toEqual({ kind: "failed" });
    await turns();
    await storage.commit();
    await storage.commit();
    expect(storage.batches.map((batch) => batch.length)).toEqual([2, 1]);
    const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind);
    expect(kinds).toEqual(["stored", "stored", "stored"]);
  });

  test("answers nothing before the commit, and each intake with its own outcome after it", async () => {
    const { queue, storage, order } = makeQueue();
    const answers: string[] = [];
    for (const user of ["1", "2"]) {
      void queue.submit(punch(user)).then((outcome) => {
        answers.push(outcome.kind);
        order.push("answered");
      });
    }
    await turns();
    expect(answers).toEqual([]);
    await storage.commit("duplicate");
    expect(answers).toEqual(["duplicate", "duplicate"]);
    expect(order).toEqual(["answered", "answered", "afterCommit"]);
  });

  test("collects the next batch while one is with storage, and keeps batches to their limit", async () => {
    const { queue, storage } = makeQueue({ batchMax: 2 });
    for (const user of ["1", "2", "3", "4", "5"]) void queue.submit(punch(user));
    await turns();
    expect(storage.batches.map((batch) => batch.length)).toEqual([2]);
    await storage.commit();
    await storage.commit();
    expect(storage.batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
  });

  test("answers failed at once beyond its depth or its bytes, and says so once", async () => {
    const deep = makeQueue({ depthMax: 2 });
    for (const user of ["1", "2"]) void deep.queue.submit(punch(user));
    expect(await deep.queue.submit(punch("3"))).toEqual({ kind: "failed" });
    expect(deep.log.of("commit-queue.full")).toHaveLength(1);
    const wide = makeQueue({ bytesMax: punch("1").intake.raw.byteLength });
    void wide.queue.submit(punch("1"));
    expect(await wide.queue.submit(punch("2"))).toEqual({ kind: "failed" });
  });

  test("has room again after a commit", async () => {
    const { queue, storage } = makeQueue({ depthMax: 1, bytesMax: 1000 });
    void queue.submit(punch("1"));
    await turns();
    await storage.commit();
    void queue.submit(punch("2"));
    await turns();
    expect(storage.batches).toHaveLength(2);
  });

  test("acknowledges nothing of a batch whose storage throws or answers short", async () => {
    const log = new RecordingLog();
    const answers: (() => Promise<readonly Outcome[]>)[] = [
      () => Promise.reject(new Error("lost")),
      () => Promise.resolve([{ kind: "stored" }]),
    ];
    const queue = new CommitQueue({
      append: () => answers.shift()?.() ?? Promise.resolve([]),
      afterCommit: () => undefined,
      limits: LIMITS,
      clock: new FakeClock(),
      log,
    });
    expect(await queue.submit(punch("1"))).toEqual({ kind: "failed" });
    const both = await Promise.all([queue.submit(punch("2")), queue.submit(punch("3"))]);
    expect(both).toEqual([{ kind: "stored" }, { kind: "failed" }]);
    expect(log.of("storage.failed")).toHaveLength(1);
  });

  test("figures tell what waits, what was refused, and how each batch went", async () => {
    const { queue, storage, clock } = makeQueue({ depthMax: 3, batchMax: 2 });
    for (const user of ["1", "2", "3", "4"]) void queue.submit(punch(user));
    const { byteLength } = punch("1").intake.raw;
    const waiting = { depth: 3, waitingBytes: 3 * byteLength, refusedCount: 1 };
    expect(queue.figures).toMatchObject({ ...waiting, depthMax: 3, bytesMax: LIMITS.bytesMax });
    await turns();
    await clock.advance(30);
    await storage.commit();
    await storage.commit("failed");
    const { batchSizes, durations, ...rest } = queue.figures;
    expect(rest).toMatchObject({ depth: 0, waitingBytes: 0, failedBatchCount: 1 });
    expect(batchSizes.counts.slice(0, 3)).toEqual([1, 1, 0]);
    expect(batchSizes.sum).toBe(3);
    expect(durations.sum).toBeCloseTo(0.03, 9);
  });

  test("stop() refuses what is new and resolves when what waited is answered", async () => {
    const { queue, storage } = makeQueue();
    const waiting = queue.submit(punch("1"));
    let stopped = false;
    const stop = queue.stop().then(() => {
      stopped = true;
    });
    expect(await queue.submit(punch("2"))).toEqual({ kind: "failed" });
    await turns();
    expect(stopped).toBe(false);
    await storage.commit();
    await stop;
    expect(await waiting).toEqual({ kind: "stored" });
  });
});
