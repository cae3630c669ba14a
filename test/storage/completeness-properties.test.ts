/**
 * Aim: whatever terminals, their links, clocks, people and kills of the server do, in any order, no
 * punch that waits in a terminal in use is older than what is told to be complete; what comes before it
 * all the same is listed as late; nothing goes back; and when all is well again, it moves on. Over real
 * sockets and a real database. fast-check prints the seed of a failure.
 */

import { expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { epochMs } from "#base/epoch.ts";
import { QueueWatch } from "#devices/queue-watch.ts";
import type { Completeness } from "#domain/completeness.ts";
import { deviceId } from "#domain/identifiers.ts";
import { wallTimeAt } from "#domain/wall-time.ts";
import { openStorage } from "#storage/sqlite-storage.ts";
import type { Storage } from "#storage/storage.ts";
import { framed, LIMITS, post } from "../devices/fkweb/requests.ts";
import { openPort } from "../devices/open-port.ts";
import { settleNetwork, TcpPeer, until } from "../devices/tcp-peer.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeOwnClock } from "../support/fake-own-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { finishBackgroundWork, MANILA_RULES, readFeed } from "../support/test-storage.ts";

/** More, with `COMPLETENESS_RUNS`, for whoever changes these rules. */
const RUNS = Number(process.env.COMPLETENESS_RUNS ?? 6);
const STEPS_MAX = 60;
const ZONE = "Asia/Manila";
const START_MS = Date.UTC(2026, 2, 2, 1);
const DAY_MS = 86_400_000;
const ROUND_MS = 20_000;
/** What was not acknowledged is tried again after this. */
const RETRY_MS = 180_000;
const GATES = ["GATE1", "GATE2", "GATE3"] as const;

/** How an upload ends: `half`: its link drops midway; `unheard`: behind it; `block`: between two blocks. */
type Ending = "heard" | "half" | "reset" | "unheard" | "block";

type Step =
  | { readonly do: "punch"; readonly gate: number; readonly count: number }
  /** All gates that are on send and poll, `rounds` times. */
  | { readonly do: "rounds"; readonly rounds: number; readonly endings: readonly Ending[] }
  | { readonly do: "off" | "on" | "block" | "approve" | "retire"; readonly gate: number }
  | { readonly do: "set-clock"; readonly gate: number; readonly byMs: number }
  | { readonly do: "step-own-clock"; readonly byMs: number; readonly isTrusted: boolean }
  | { readonly do: "trust" | "kill" | "restart" };

const gate = fc.integer({ min: 0, max: GATES.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("punch" as const),
      gate,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("rounds" as const),
      rounds: fc.integer({ min: 1, max: 12 }),
      endings: fc.array(
        fc.constantFrom<Ending>("heard", "heard", "heard", "half", "reset", "unheard", "block"),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("off", "on"), gate }) },
  fc.record({ do: fc.constantFrom("block", "approve", "retire"), gate }),
  fc.record({
    do: fc.constant("set-clock" as const),
    gate,
    byMs: fc.constantFrom(-DAY_MS, -3_600_000, -90_000, 90_000, 3_600_000),
  }),
  fc.record({
    do: fc.constant("step-own-clock" as const),
    byMs: fc.constantFrom(-DAY_MS, -600_000, 600_000, DAY_MS),
    isTrusted: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom("trust", "kill", "restart") }),
);

interface GatePunch {
  readonly user: string;
  readonly wallTime: string;
  readonly instantMs: number;
}

/** A terminal as its makers describe it: oldest first, and a poll behind its queue (fkweb.md 11). */
class Gate {
  readonly id: string;
  readonly queue: GatePunch[] = [];
  isOn = true;
  /** Its clock minus the true time. */
  skewMs = 0;
  /** It was set back, and shows again what it showed before: nobody can foresee such punches. */
  repeatsUntilMs = 0;
  retryAtMs = 0;
  /** Links that dropped without a word. */
  readonly #dropped: TcpPeer[] = [];

  constructor(id: string) {
    this.id = id;
  }

  /** Sends what waits, and polls. `connect` fails where nobody listens. */
  async round(
    nowMs: number,
    nextEnding: () => Ending,
    connect: () => Promise<TcpPeer>,
  ): Promise<void> {
    while (this.queue.length > 0 && nowMs >= this.retryAtMs) {
      if (await this.#send(nextEnding(), connect)) this.queue.shift();
      else this.retryAtMs = nowMs + RETRY_MS;
    }
    const clock = wallTimeAt(epochMs(nowMs + this.skewMs), ZONE);
    const body = framed(`{"fk_name":"gate","fk_time":"${clock}"}`);
    await this.#exchange(await connect(), this.#request("receive_cmd", body));
  }

  /** The operating system gives up the links that dropped. */
  forgetLinks(): void {
    for (const link of this.#dropped.splice(0)) link.reset();
  }

  /** Returns whether the terminal heard that its oldest punch is taken. */
  async #send(ending: Ending, connect: () => Promise<TcpPeer>): Promise<boolean> {
    const [head] = this.queue;
    if (head === undefined) return false;
    const { user, wallTime } = head;
    const body = framed(
      `{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"${wallTime}","user_id":"${user}","verify_mode":1}`,
    );
    const link = await connect();
    const request = this.#request("realtime_glog", body);
    switch (ending) {
      case "heard":
        return (await this.#exchange(link, request)).includes("response_code: OK");
      case "block": {
        const first = this.#request("realtime_glog", body.subarray(0, 40), "1");
        await this.#exchange(link, first);
        return false;
      }
      case "unheard":
        link.send(request);
        await until(() => link.hasEnded);
        this.#dropped.push(link);
        return false;
      case "half":
      case "reset":
        link.send(request.subarray(0, -30));
        await settleNetwork();
        if (ending === "reset") link.reset();
        else this.#dropped.push(link);
        return false;
    }
  }

  async #exchange(link: TcpPeer, request: Uint8Array): Promise<string> {
    link.send(request);
    const answer = await link.receiveAll();
    await until(() => link.isClosed);
    return answer;
  }

  #request(code: string, body: Uint8Array, block?: string): Buffer {
    const trans_id = code === "receive_cmd" ? "ReceiveCommandAction" : "RTLogSendAction";
    return post(body, { dev_id: this.id, request_code: code, trans_id, blk_no: block });
  }
}

/** The server in pieces: port, queue watch and storage, with time and kills in the test's hands. */
class Site {
  /** The true time is its monotonic time; its wall clock may be set. */
  readonly clock = new FakeClock(START_MS);
  readonly ownClock = new FakeOwnClock(true);
  readonly gates = GATES.map((id) => new Gate(id));
  storage: Storage;
  #folder: string;
  #port: ReturnType<typeof openPort> | undefined;
  #punchCount = 0;
  readonly #sent = new Set<string>();
  /** The furthest that anybody was told, and when our clock showed less. */
  #toldMs = 0;
  #revision = 0;
  readonly #seen = new Set<number>();
  readonly #mustBeLate = new Set<number>();

  readonly #enrollment: "open" | "approve";

  constructor(enrollment: "open" | "approve") {
    this.#enrollment = enrollment;
    this.#folder = mkdtempSync(join(tmpdir(), "biometric-attack-"));
    this.storage = this.#open();
  }

  get trueMs(): number {
    return START_MS + this.clock.monotonicMs();
  }

  async start(): Promise<void> {
    const watch = new QueueWatch(this.clock);
    watch.start((await this.storage.listDevices()).map(({ id }) => id));
    const handleIntake = watch.following(async (received) => {
      const [outcome] = await this.storage.append([received]);
      return outcome ?? { kind: "failed" };
    });
    this.#port = openPort({ handleIntake }, LIMITS, { requests: watch, clock: this.clock });
  }

  async perform(next: Step): Promise<void> {
    const at = "gate" in next ? this.gates[next.gate] : undefined;
    switch (next.do) {
      case "punch":
        for (let count = 0; count < next.count; count += 1) await this.#punch(at);
        break;
      case "rounds":
        await this.#rounds(next.rounds, next.endings);
        break;
      case "off":
      case "on":
        if (at !== undefined) at.isOn = next.do === "on";
        break;
      case "block":
        await this.storage.blockDevice(deviceId(at?.id ?? ""));
        break;
      case "approve":
        await this.storage.approveDevice(deviceId(at?.id ?? ""));
        break;
      case "retire":
        await this.storage.retireDevice(deviceId(at?.id ?? ""));
        break;
      case "set-clock":
        this.#setClock(at, next.byMs);
        break;
      case "step-own-clock":
        this.clock.stepWallClock(next.byMs);
        this.ownClock.trusted = next.isTrusted;
        break;
      case "trust":
        this.clock.stepWallClock(this.trueMs - this.clock.nowMs());
        this.ownClock.trusted = true;
        break;
      case "kill":
      case "restart":
        await this.#restart(next.do === "kill");
        break;
    }
    await this.look();
  }

  /** Everything is well again, for as long as it takes. */
  async heal(): Promise<void> {
    await this.perform({ do: "trust" });
    for (const one of this.gates) {
      one.isOn = true;
      one.skewMs = 0;
    }
    // Whoever is met anew waits for a person, if that is the rule.
    await this.#rounds(1, ["heard"]);
    for (const one of this.gates) await this.storage.approveDevice(deviceId(one.id));
    // A clock that was set back shows for up to a day what it showed before.
    await this.clock.advance(DAY_MS + 3_600_000);
    for (const one of this.gates) one.repeatsUntilMs = 0;
    await this.#rounds(40, ["heard"]);
    await this.look();
  }

  /** Asks what is told, as a reader does, and compares it with what the terminals have. */
  async look(): Promise<Completeness> {
    await finishBackgroundWork(this.storage);
    const entered = await readFeed(this.storage);
    for (const punch of entered) {
      const id = Number(punch.id);
      if (this.#seen.has(id)) continue;
      this.#seen.add(id);
      const isMeant = !punch.isHistoric && punch.doubtfulTime === undefined;
      if (isMeant && punch.instantMs < Math.min(this.#toldMs, punch.receivedAtMs)) {
        this.#mustBeLate.add(id);
      }
    }
    // More often than what is told may change.
    await this.clock.advance(5_000);
    const shown = await this.storage.readCompleteness({ lateAfter: 0, lateLimit: 10_000 });
    const toldMs = shown.throughMs ?? 0;
    expect(toldMs).toBeGreaterThanOrEqual(this.#toldMs);
    if (toldMs > this.#toldMs) this.#assertTrue(toldMs, shown);
    this.#toldMs = toldMs;
    expect(shown.lateRevision).toBeGreaterThanOrEqual(this.#revision);
    this.#revision = shown.lateRevision;
    const late = new Set(shown.late.map(({ punchId }) => Number(punchId)));
    expect([...this.#mustBeLate].filter((id) => !late.has(id))).toEqual([]);
    return shown;
  }

  /** Nothing that was sent is lost. */
  async assertAllStored(): Promise<void> {
    expect(this.gates.map(({ queue }) => queue.length)).toEqual(GATES.map(() => 0));
    const stored = await readFeed(this.storage);
    const keys = stored.map((punch) => `${punch.deviceId} ${punch.userId} ${punch.wallTime}`);
    expect(keys.toSorted()).toEqual([...this.#sent].toSorted());
  }

  async close(): Promise<void> {
    await this.#stopPort();
    await this.storage.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** No punch that waits in a terminal in use is older than what is told anew. */
  #assertTrue(toldMs: number, shown: Completeness): void {
    const inUse = new Set(shown.devices.map(({ deviceId: id }) => String(id)));
    for (const { id, queue } of this.gates.filter((one) => inUse.has(one.id))) {
      const hidden = queue.filter(({ instantMs }) => instantMs < toldMs);
      expect({ id, toldMs, hidden }).toEqual({ id, toldMs, hidden: [] });
    }
  }

  async #punch(at: Gate | undefined): Promise<void> {
    if (at === undefined) return;
    await this.clock.advance(1_000);
    const instantMs = Math.floor((this.trueMs + at.skewMs) / 1000) * 1000;
    if (instantMs < at.repeatsUntilMs) return;
    this.#punchCount += 1;
    const user = String(this.#punchCount);
    const wallTime = wallTimeAt(epochMs(instantMs), ZONE);
    at.queue.push({ user, wallTime, instantMs });
    this.#sent.add(`${at.id} ${user} ${wallTime}`);
  }

  #setClock(at: Gate | undefined, byMs: number): void {
    if (at === undefined) return;
    if (byMs < 0) at.repeatsUntilMs = Math.max(at.repeatsUntilMs, this.trueMs + at.skewMs);
    at.skewMs += byMs;
  }

  async #rounds(count: number, endings: readonly Ending[]): Promise<void> {
    let used = 0;
    const nextEnding = (): Ending => {
      used += 1;
      return endings[(used - 1) % endings.length] ?? "heard";
    };
    for (let round = 0; round < count; round += 1) {
      for (const one of this.gates) {
        if (!one.isOn) continue;
        await one.round(this.trueMs, nextEnding, () => TcpPeer.connect(this.#port?.port ?? 0));
      }
      await settleNetwork();
      await this.clock.advance(ROUND_MS);
      await settleNetwork();
      if (round % 5 === 4) for (const one of this.gates) one.forgetLinks();
    }
  }

  async #restart(isKill: boolean): Promise<void> {
    await this.#stopPort();
    const folder = mkdtempSync(join(tmpdir(), "biometric-attack-"));
    if (!isKill) await this.storage.close();
    for (const end of ["", "-wal"]) {
      const from = join(this.#folder, `biometric.db${end}`);
      if (existsSync(from)) copyFileSync(from, join(folder, `biometric.db${end}`));
    }
    if (isKill) await this.storage.close();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = folder;
    this.storage = this.#open();
    await this.start();
  }

  async #stopPort(): Promise<void> {
    for (const one of this.gates) one.forgetLinks();
    const stopped = this.#port?.stop();
    await this.clock.advance(5_000);
    await stopped;
  }

  #open(): Storage {
    return openStorage({
      path: join(this.#folder, "biometric.db"),
      // Clocks are the test's affair.
      rules: { ...MANILA_RULES, enrollment: this.#enrollment, setsDeviceTime: false },
      ownClock: this.ownClock,
      clock: this.clock,
      log: new RecordingLog(),
      onLost: (error) => {
        throw error;
      },
    });
  }
}

test("what is told holds, whatever happens", async () => {
  const enrollment = fc.constantFrom("open", "approve");
  const steps = fc.array(step, { maxLength: STEPS_MAX });
  await fc.assert(
    fc.asyncProperty(enrollment, steps, async (how, all) => {
      const site = new Site(how);
      try {
        await site.start();
        for (const next of all) await site.perform(next);
        await site.heal();
        await site.assertAllStored();
        const { throughMs } = await site.look();
        expect(throughMs ?? 0).toBeGreaterThan(site.trueMs - 60_000);
      } finally {
        await site.close();
      }
    }),
    { numRuns: RUNS },
  );
}, 600_000);
