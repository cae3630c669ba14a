/**
 * Aim: the loop of section 11 of the protocol document, step by step, with a scripted server in memory
 * and a clock that the test moves.
 */

import { describe, expect, test } from "bun:test";
import { DeviceClock } from "#simulator/device-clock.ts";
import { DeviceState } from "#simulator/device-state.ts";
import { encodeFramedBody } from "#simulator/framed-body.ts";
import type { Link, LinkEnding, LinkRequest } from "#simulator/link.ts";
import { dialectOf } from "#simulator/make-terminal.ts";
import { MODELS, type ModelName, type TerminalModel } from "#simulator/models.ts";
import { PunchLog } from "#simulator/punch-log.ts";
import { FIRMWARE_TIMING, SimulatedTerminal, type TerminalOptions } from "#simulator/terminal.ts";
import { planPunches, planUsers } from "#simulator/workload.ts";
import { FakeClock } from "../support/fake-clock.ts";

const OK = "HTTP/1.0 200 OK\r\nresponse_code: OK\r\nContent-Length: 0\r\n\r\n";
const NO_COMMAND = "HTTP/1.0 200 OK\r\nresponse_code: ERROR_NO_CMD\r\nContent-Length: 0\r\n\r\n";
const USELESS = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK";
const RESET = "HTTP/1.0 200 OK\r\nresponse_code: RESET_FK\r\nContent-Length: 0\r\n\r\n";
const CLOSE = "";

function commandReply(code: string, fields?: object): string {
  const body =
    fields === undefined ? "" : Buffer.from(encodeFramedBody(fields, "\0")).toString("latin1");
  return (
    `HTTP/1.0 200 OK\r\nresponse_code: OK\r\ntrans_id: c-1\r\ncmd_code: ${code}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** Answers from a script, later than the call, and notes what came and when. */
class ScriptedLink implements Link {
  readonly seen: string[] = [];
  readonly #clock: FakeClock;
  readonly #answer: (what: string) => string;
  #isCurrent = {};

  constructor(clock: FakeClock, answer: (what: string) => string) {
    this.#clock = clock;
    this.#answer = answer;
  }

  exchange(request: LinkRequest, onEnd: (ending: LinkEnding) => void): void {
    const current = {};
    this.#isCurrent = current;
    const what = describeRequest(Buffer.from(request.bytes).toString("latin1"));
    const fault = request.abandonAfterBytes === undefined ? "" : " abandoned";
    this.seen.push(`${this.#clock.monotonicMs()} ${what}${fault}`);
    queueMicrotask(() => {
      if (this.#isCurrent !== current) return;
      onEnd(this.#endingOf(request, what));
    });
  }

  drop(): void {
    this.#isCurrent = {};
  }

  checkTimeout(): void {}

  #endingOf(request: LinkRequest, what: string): LinkEnding {
    if (request.abandonAfterBytes !== undefined) return { kind: "failed", failure: "abandoned" };
    const reply = request.readReply(this.#answer(what), true);
    if (reply === undefined) return { kind: "failed", failure: "closedWithoutReply" };
    return { kind: "replied", reply, latencyMs: 1 };
  }
}

/** `punch USER TIME`, `poll TIME`, `user ID`, `result CODE`, with the number of a block before the last. */
function describeRequest(text: string): string {
  const field = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "?";
  const block = field(/blk_no: ?(\d+)/);
  const suffix = block === "0" || block === "?" ? "" : ` block ${block}`;
  switch (/request_code: ?(\w+)/.exec(text)?.[1]) {
    case "realtime_glog":
      return `punch ${field(/"user_id":"(\w+)"/)} ${field(/"io_time":"(\d+)"/)}${suffix}`;
    case "receive_cmd":
      return `poll ${field(/"fk_time":"(\d+)"/)}`;
    case "realtime_enroll_data":
      return `user ${field(/"user_id":"(\w+)"/)}${suffix}`;
    case "send_cmd_result":
      return `result ${field(/cmd_return_code: ?(\w+)/)}${suffix}`;
    default:
      return `record ${field(/"log_id":(\d+)/)}`;
  }
}

interface Bench {
  readonly clock: FakeClock;
  readonly link: ScriptedLink;
  readonly terminal: SimulatedTerminal;
  readonly isFinished: () => boolean;
}

interface BenchOptions extends Partial<TerminalOptions> {
  readonly model?: ModelName;
  readonly live?: boolean;
  readonly photoBytes?: number;
}

function bench(answer: (what: string) => string, changes: BenchOptions = {}): Bench {
  const { model: name = "f80", live = false, photoBytes = 0, ...options } = changes;
  const model: TerminalModel = MODELS[name];
  const clock = new FakeClock();
  const link = new ScriptedLink(clock, answer);
  const planned = options.planned ?? 3;
  const start = Temporal.PlainDateTime.from("2026-03-02T08:15:00");
  const workload = { deviceId: "SIM0001", terminalIndex: 0, users: 100, start, model, photoBytes };
  const speaker = { deviceId: "SIM0001", server: "x:1", library: model.library, keepAlive: false };
  let finished = false;
  const terminal = new SimulatedTerminal(
    {
      planned,
      duplicatePercent: 0,
      isLost: () => false,
      timing: FIRMWARE_TIMING,
      attemptsMax: Number.POSITIVE_INFINITY,
      staysOn: true,
      pushesAtStart: [],
      faultAt: () => "none",
      deaf: false,
      ...options,
    },
    {
      clock,
      link,
      dialect: dialectOf(model, speaker, 7005),
      model,
      device: new DeviceState({
        name: "SIM0001",
        library: model.library,
        clock: new DeviceClock(clock, start),
        log: new PunchLog({ planned, punchAt: planPunches(workload), live }),
        makeUsers: () => planUsers({ terminalIndex: 0, users: 2, model, seed: 1 }),
      }),
      onAcknowledged: () => {},
      onFinished: () => {
        finished = true;
      },
    },
  );
  return { clock, link, terminal, isFinished: () => finished };
}

/** Acknowledges punches and users, has no command. */
const friendly = (what: string): string => (what.startsWith("poll") ? NO_COMMAND : OK);

describe("SimulatedTerminal with a server that acknowledges", () => {
  test("it drains its queue oldest first, 100 ms apart, then polls, then every interval", async () => {
    const { clock, link, terminal } = bench(friendly);
    terminal.release(3);
    terminal.start();
    await clock.advance(12_000);
    expect(link.seen).toEqual([
      "0 punch 1 20260302081500",
      "100 punch 2 20260302081500",
      "200 punch 3 20260302081500",
      // The pause after the last punch, and the one before the poll.
      "400 poll 20260302081500",
      "11500 poll 20260302081511",
    ]);
  });

  test("a punch wakes the sleeper at once", async () => {
    const { clock, link, terminal } = bench(friendly, { live: true });
    terminal.start();
    await clock.advance(5000);
    terminal.release(1);
    await clock.advance(1000);
    expect(link.seen).toEqual([
      "100 poll 20260302081500",
      "5000 punch 1 20260302081505",
      "5200 poll 20260302081505",
    ]);
  });

  test("a punch during the poll is sent right after it", async () => {
    const { clock, link, terminal } = bench((what) => {
      if (what.startsWith("poll")) terminal.release(1);
      return friendly(what);
    });
    terminal.start();
    await clock.advance(100);
    expect(link.seen).toEqual(["100 poll 20260302081500", "100 punch 1 20260302081500"]);
  });

  test("it ends after the last punch and one more poll when it is not to stay on", async () => {
    const { clock, link, terminal, isFinished } = bench(friendly, { staysOn: false, planned: 1 });
    terminal.release(1);
    terminal.start();
    await clock.advance(200);
    expect(isFinished()).toBe(true);
    expect(link.seen.length).toBe(2);
    expect(clock.plannedCount).toBe(0);
  });

  test("cutOff() lets it send what was recorded and then ends it", async () => {
    const { clock, terminal, isFinished } = bench(friendly, { live: true });
    terminal.release(2);
    terminal.start();
    terminal.cutOff(true);
    await clock.advance(1000);
    expect(isFinished()).toBe(true);
    expect(terminal.planned).toBe(2);
    expect(terminal.counts).toMatchObject({ sent: 2, acknowledged: 2 });
  });

  test("it pushes its users before the first poll, and again those that were not taken", async () => {
    let refused = 0;
    const answer = (what: string): string => {
      if (what !== "user 2" || refused > 0) return friendly(what);
      refused += 1;
      return CLOSE;
    };
    const pushesAtStart = planUsers({ terminalIndex: 0, users: 3, model: MODELS.f80, seed: 1 });
    const { clock, link, terminal } = bench(answer, {
      pushesAtStart: pushesAtStart.map((user) => ({ ...user, credentials: [] })),
      planned: 0,
    });
    terminal.start();
    await clock.advance(12_000);
    expect(link.seen.map((seen) => seen.replace(/^\d+ /, ""))).toEqual([
      "user 1",
      "user 2",
      "poll 20260302081500",
      "user 2",
      "user 3",
      "poll 20260302081511",
    ]);
    expect(terminal.counts.usersPushed).toBe(3);
  });

  test("a lost punch is in its log and never sent", async () => {
    const { clock, link, terminal } = bench(friendly, { isLost: (index) => index === 1 });
    terminal.release(3);
    terminal.start();
    await clock.advance(1000);
    expect(link.seen.map((seen) => seen.split(" ").slice(1, 3).join(" "))).toEqual([
      "punch 1",
      "punch 3",
      "poll 20260302081500",
    ]);
    expect(terminal.lostCount).toBe(1);
    expect(terminal.planned).toBe(2);
  });
});

describe("SimulatedTerminal with a server that does not acknowledge", () => {
  test("no reply: the head waits 3 minutes, nothing passes it, polls go on", async () => {
    let isDown = true;
    const answer = (what: string): string =>
      what.startsWith("punch") && isDown ? CLOSE : friendly(what);
    const { clock, link, terminal } = bench(answer);
    terminal.release(2);
    terminal.start();
    await clock.advance(179_999);
    const punches = (): string[] => link.seen.filter((seen) => seen.includes("punch"));
    expect(punches()).toEqual(["0 punch 1 20260302081500"]);
    expect(link.seen.length).toBeGreaterThan(15);
    isDown = false;
    await clock.advance(10_000);
    expect(punches().map((seen) => seen.split(" ")[2])).toEqual(["1", "1", "2"]);
    expect(terminal.counts).toMatchObject({
      sent: 2,
      acknowledged: 2,
      resent: 1,
      closedWithoutReply: 1,
    });
  });

  test("a new punch ends the back-off, and the oldest is sent first", async () => {
    const answer = (what: string): string => (what.startsWith("punch") ? CLOSE : NO_COMMAND);
    const { clock, link, terminal } = bench(answer, { live: true });
    terminal.release(1);
    terminal.start();
    await clock.advance(5000);
    terminal.release(1);
    await clock.advance(50);
    expect(link.seen.at(-1)).toBe("5000 punch 1 20260302081500");
  });

  test("a reply without acknowledgement makes a storm of the same punch", async () => {
    const answer = (what: string): string => (what.startsWith("punch") ? USELESS : NO_COMMAND);
    const { clock, link, terminal } = bench(answer);
    terminal.release(2);
    terminal.start();
    await clock.advance(999);
    const punches = link.seen.filter((seen) => seen.includes("punch"));
    expect(punches).toEqual([
      "0 punch 1 20260302081500",
      "250 punch 1 20260302081500",
      "500 punch 1 20260302081500",
      "750 punch 1 20260302081500",
    ]);
    expect(terminal.counts).toMatchObject({ sent: 1, acknowledged: 0, wrongReplies: 4 });
  });

  test("a back-off shorter than the poll between makes it send again right after the poll", async () => {
    let failures = 0;
    const answer = (what: string): string => {
      failures += what.startsWith("punch") ? 1 : 0;
      return what.startsWith("punch") && failures <= 2 ? CLOSE : friendly(what);
    };
    const timing = { ...FIRMWARE_TIMING, silenceBackoffMs: 0 };
    const { clock, link, terminal } = bench(answer, { timing, planned: 1 });
    terminal.release(1);
    terminal.start();
    await clock.advance(300);
    expect(link.seen.filter((seen) => seen.includes("punch"))).toEqual([
      "0 punch 1 20260302081500",
      "100 punch 1 20260302081500",
      "200 punch 1 20260302081500",
    ]);
  });

  test("a deaf terminal storms at a server that acknowledges", async () => {
    const { clock, terminal } = bench(friendly, { deaf: true });
    terminal.release(1);
    terminal.start();
    await clock.advance(999);
    expect(terminal.counts).toMatchObject({ sent: 1, acknowledged: 0, resent: 3 });
  });

  test("a poll without reply does not keep punches back", async () => {
    const { clock, link, terminal } = bench((what) => (what.startsWith("poll") ? CLOSE : OK));
    terminal.start();
    await clock.advance(1000);
    terminal.release(1);
    await clock.advance(50);
    expect(link.seen.at(-1)).toBe("1000 punch 1 20260302081500");
    expect(terminal.counts.closedWithoutReply).toBe(1);
  });

  test("RESET_FK for a punch restarts the terminal with its queue", async () => {
    let resets = 0;
    const answer = (what: string): string => {
      if (!what.startsWith("punch 2") || resets > 0) return friendly(what);
      resets += 1;
      return RESET;
    };
    const { clock, link, terminal } = bench(answer);
    terminal.release(3);
    terminal.start();
    await clock.advance(6000);
    expect(link.seen.filter((seen) => seen.includes("punch"))).toEqual([
      "0 punch 1 20260302081500",
      "100 punch 2 20260302081500",
      "5100 punch 2 20260302081500",
      "5200 punch 3 20260302081500",
    ]);
    expect(terminal.counts).toMatchObject({ restarts: 1, acknowledged: 3, sent: 3, resent: 1 });
  });
});

describe("SimulatedTerminal with commands", () => {
  /** Hands each reply out once, then has no command. */
  function handOut(...replies: string[]): (what: string) => string {
    return (what) => (what.startsWith("poll") ? (replies.shift() ?? NO_COMMAND) : OK);
  }

  test("it executes, sends the result and is back at once", async () => {
    const { clock, link, terminal } = bench(
      handOut(commandReply("SET_TIME", { time: "20260302120000" }), commandReply("MAKE_COFFEE")),
    );
    terminal.start();
    await clock.advance(500);
    expect(link.seen).toEqual([
      "100 poll 20260302081500",
      "100 result OK",
      "200 poll 20260302120000",
      "200 result ERROR_NOT_SUPPORTED",
      "300 poll 20260302120000",
    ]);
    expect(terminal.counts).toMatchObject({
      commandsExecuted: 1,
      commandsRefused: 1,
      resultsAcknowledged: 2,
    });
  });

  test("it says nothing about a user it does not know, and polls on", async () => {
    const { clock, link, terminal } = bench(
      handOut(commandReply("GET_USER_INFO", { user_id: "77" })),
    );
    terminal.start();
    await clock.advance(500);
    expect(link.seen.map((seen) => seen.split(" ")[1])).toEqual(["poll", "poll"]);
    expect(terminal.counts).toMatchObject({ commandsExecuted: 1, resultsAcknowledged: 0 });
  });

  test("a result larger than a block goes out in blocks", async () => {
    const { clock, link, terminal } = bench(
      handOut(commandReply("GET_USER_INFO", { user_id: "1" })),
    );
    terminal.start();
    await clock.advance(50 + 100);
    // A face of 20,000 bytes and a finger.
    expect(link.seen.slice(1)).toEqual([
      "100 result OK block 1",
      "100 result OK block 2",
      "100 result OK",
    ]);
  });

  test("after the enrollment screen the new user is pushed", async () => {
    const param = { user_id: "9", backup_number: 0 };
    const { clock, link, terminal } = bench(
      handOut(commandReply("SET_COMMAND", { cmd: "enter_enroll", param })),
    );
    terminal.start();
    await clock.advance(300);
    expect(link.seen.map((seen) => seen.split(" ").slice(1, 3).join(" "))).toEqual([
      "poll 20260302081500",
      "result OK",
      "user 9",
      "poll 20260302081500",
    ]);
  });

  test("RESET_FK restarts it without a result, with its clock", async () => {
    const { clock, link, terminal } = bench(handOut(commandReply("RESET_FK")));
    terminal.start();
    await clock.advance(6000);
    expect(link.seen).toEqual(["100 poll 20260302081500", "5200 poll 20260302081505"]);
    expect(terminal.counts.restarts).toBe(1);
  });

  test("a terminal that polls once does all commands before its first punch", async () => {
    const timing = { ...FIRMWARE_TIMING, polling: "first", recordPauseMs: 0 } as const;
    const replies = handOut(commandReply("GET_DEVICE_SETTING"), commandReply("GET_DEVICE_STATUS"));
    const { link, terminal, clock, isFinished } = bench(replies, {
      timing,
      staysOn: false,
      planned: 1,
    });
    terminal.release(1);
    terminal.start();
    await clock.advance(0);
    expect(link.seen.map((seen) => seen.split(" ")[1])).toEqual([
      "poll",
      "result",
      "poll",
      "result",
      "poll",
      "punch",
    ]);
    expect(isFinished()).toBe(true);
  });
});

describe("SimulatedTerminal in trouble", () => {
  test("after a loss of power punches have the wrong time until SET_TIME", async () => {
    let command = NO_COMMAND;
    const answer = (what: string): string => (what.startsWith("poll") ? command : OK);
    const { clock, link, terminal } = bench(answer, { live: true });
    terminal.start();
    terminal.release(1);
    await clock.advance(1000);
    terminal.losePower(Temporal.PlainDateTime.from("2000-01-01T00:00:00"));
    terminal.release(1);
    command = commandReply("SET_TIME", { time: "20260302081506" });
    await clock.advance(5250);
    command = NO_COMMAND;
    await clock.advance(100);
    terminal.release(1);
    await clock.advance(100);
    expect(
      link.seen
        .filter((seen) => !seen.includes("poll"))
        .map((seen) => seen.slice(seen.indexOf(" ") + 1)),
    ).toEqual([
      "punch 1 20260302081500",
      "punch 2 20000101000000",
      "result OK",
      "punch 3 20260302081506",
    ]);
  });

  test("a lost reply makes it send the same punch again", async () => {
    const { clock, link, terminal } = bench(friendly, {
      planned: 2,
      timing: { ...FIRMWARE_TIMING, silenceBackoffMs: 1000 },
      faultAt: (recordNumber) => (recordNumber === 1 ? "lost-reply" : "none"),
    });
    terminal.release(2);
    terminal.start();
    await clock.advance(2000);
    expect(link.seen.filter((seen) => seen.includes("punch"))).toEqual([
      "0 punch 1 20260302081500 abandoned",
      "1000 punch 1 20260302081500",
      "1100 punch 2 20260302081500",
    ]);
    expect(terminal.counts).toMatchObject({ sent: 2, acknowledged: 2, resent: 1, abandoned: 1 });
  });

  test("an upload that is cut within a block goes on with that block", async () => {
    const { clock, link, terminal } = bench(friendly, {
      planned: 1,
      photoBytes: 26_000,
      timing: { ...FIRMWARE_TIMING, silenceBackoffMs: 1000 },
      faultAt: () => "cut-block",
    });
    terminal.release(1);
    terminal.start();
    await clock.advance(1000);
    expect(link.seen.filter((seen) => seen.includes("punch"))).toEqual([
      "0 punch 1 20260302081500 block 1",
      "0 punch ? ? block 2 abandoned",
      "1000 punch ? ? block 2",
      "1000 punch ? ? block 3",
      "1000 punch ? ?",
    ]);
  });

  test("dialect R sends records and never polls", async () => {
    const answer = (what: string): string => {
      const text = `{"log_id":${what.split(" ")[1]},"result":"OK","mode":"nothing"}\0`;
      return `RTLOG001${String.fromCharCode(text.length)}\0\0\0${text}`;
    };
    const { clock, link, terminal, isFinished } = bench(answer, {
      model: "realsvr",
      staysOn: false,
      isLost: (index) => index === 1,
    });
    terminal.release(3);
    terminal.start();
    await clock.advance(1000);
    // The number of the record that was lost is missing.
    expect(link.seen).toEqual(["0 record 1", "100 record 3"]);
    expect(isFinished()).toBe(true);
  });
});
