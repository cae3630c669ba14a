/** Aim: a driver's word that a queue is empty passes only while all that came was acknowledged. */

import { expect, test } from "bun:test";
import { QueueWatch } from "#devices/queue-watch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { Outcome, PollIntake, ReceivedIntake } from "#domain/intake.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { pollFrom } from "../support/terminal-intakes.ts";
import { punchesFrom, rawPunch } from "../support/test-storage.ts";

const STORED: Outcome = { kind: "stored" };
const PUNCH = punchesFrom("GATE", [rawPunch("7", "20260302080000")]);

class Bench {
  readonly clock = new FakeClock();
  readonly watch = new QueueWatch(this.clock);
  #outcome: Outcome = STORED;
  #seen: ReceivedIntake | undefined;
  readonly #handle = this.watch.following(async (received) => {
    this.#seen = received;
    return this.#outcome;
  });

  async send(received: ReceivedIntake, outcome: Outcome = STORED): Promise<void> {
    this.#outcome = outcome;
    expect(await this.#handle(received)).toBe(outcome);
  }

  /** What a poll is handed on as, `seconds` after what came before it. */
  async poll(
    seconds: number,
    queue: NonNullable<PollIntake["queue"]> = "empty",
    remoteAddress = "192.0.2.7",
  ): Promise<unknown> {
    await this.clock.advance(seconds * 1000);
    await this.send({ ...pollFrom("GATE", undefined, { queue }), remoteAddress });
    const intake = this.#seen?.intake;
    return intake?.kind === "poll" ? intake.queue : undefined;
  }
}

test("a poll behind punches that were taken is handed on as it is", async () => {
  const bench = new Bench();
  await bench.send(PUNCH);
  expect(await bench.poll(1)).toBe("empty");
  expect(await bench.poll(20)).toBe("empty");
});

test("a poll of which its driver knows nothing stays so", async () => {
  const bench = new Bench();
  bench.watch.start([deviceId("GATE")]);
  const received = pollFrom("GATE");
  const handed: ReceivedIntake[] = [];
  await bench.watch.following(async (intake) => {
    handed.push(intake);
    return STORED;
  })(received);
  expect(handed).toEqual([received]);
});

test.each([
  ["failed", { kind: "failed" }, "unacknowledged"],
  ["refused", { kind: "refused", code: "quarantine-full" }, "unacknowledged"],
  ["sent again", { kind: "duplicate" }, "sent-again"],
] as const)(
  "what was %s keeps polls from counting until its retry is past",
  async (_, outcome, doubt) => {
    const bench = new Bench();
    await bench.send(PUNCH, outcome);
    expect(await bench.poll(1)).toBe(doubt);
    expect(await bench.poll(99)).toBe(doubt);
    expect(await bench.poll(99)).toBe(doubt);
    expect(await bench.poll(1)).toBe("empty");
  },
);

test("a request that was lost keeps polls of its address from counting", async () => {
  const bench = new Bench();
  await bench.send(PUNCH);
  bench.watch.lost("192.0.2.8");
  expect(await bench.poll(1)).toBe("empty");
  bench.watch.lost("192.0.2.7");
  expect(await bench.poll(1)).toBe("unacknowledged");
  expect(await bench.poll(99)).toBe("unacknowledged");
  expect(await bench.poll(101)).toBe("empty");
});

test("also of a terminal that nobody had heard of by then", async () => {
  const bench = new Bench();
  bench.watch.lost("192.0.2.7");
  expect(await bench.poll(1)).toBe("unacknowledged");
  expect(await bench.poll(99)).toBe("unacknowledged");
  expect(await bench.poll(99)).toBe("unacknowledged");
  expect(await bench.poll(1)).toBe("empty");
});

test("no poll counts while a request is under way at its address", async () => {
  const bench = new Bench();
  expect(await bench.poll(1)).toBe("empty");
  bench.watch.began("192.0.2.7");
  bench.watch.began("192.0.2.7");
  bench.watch.began("192.0.2.8");
  expect(await bench.poll(1)).toBe("unacknowledged");
  bench.watch.ended("192.0.2.7");
  expect(await bench.poll(1)).toBe("unacknowledged");
  bench.watch.ended("192.0.2.7");
  expect(await bench.poll(1)).toBe("empty");
});

test("a terminal that got another address has left what it could not send at the one before", async () => {
  const bench = new Bench();
  expect(await bench.poll(1, "empty", "192.0.2.8")).toBe("empty");
  bench.watch.began("192.0.2.8");
  expect(await bench.poll(1)).toBe("unacknowledged");
  bench.watch.ended("192.0.2.8");
  bench.watch.lost("192.0.2.8");
  expect(await bench.poll(1)).toBe("unacknowledged");
  expect(await bench.poll(2)).toBe("unacknowledged");
  expect(await bench.poll(10)).toBe("unacknowledged");
});

test("what a driver knows of a queue is believed, until the retry is past", async () => {
  const bench = new Bench();
  expect(await bench.poll(1)).toBe("empty");
  expect(await bench.poll(1, "unacknowledged")).toBe("unacknowledged");
  expect(await bench.poll(100)).toBe("unacknowledged");
  expect(await bench.poll(100)).toBe("empty");
});

test("only so many losses are remembered, the newest", async () => {
  const bench = new Bench();
  bench.watch.lost("192.0.2.8");
  bench.watch.lost("192.0.2.7");
  for (let count = 0; count < 3_999; count += 1) bench.watch.lost(`2001:db8::${count}`);
  expect(await bench.poll(1, "empty", "192.0.2.8")).toBe("empty");
  expect(await bench.poll(1)).toBe("unacknowledged");
});

test("a poll that failed says nothing of the queue", async () => {
  const bench = new Bench();
  await bench.send(pollFrom("GATE"), { kind: "failed" });
  expect(await bench.poll(1)).toBe("empty");
});

test("a terminal that was known before the start is doubted first", async () => {
  const bench = new Bench();
  bench.watch.start([deviceId("GATE")]);
  expect(await bench.poll(1)).toBe("server-started");
});

test("nothing is remembered of strangers that are not let in", async () => {
  const bench = new Bench();
  await bench.send(PUNCH, { kind: "refused", code: "pending-devices-full" });
  expect(await bench.poll(1)).toBe("empty");
});
