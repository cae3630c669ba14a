/**
 * Aim: from the first byte of a request until its sender shows that it has the reply, the connection
 * is known to have something under way; and what is lost is told, once.
 */

import { expect, test } from "bun:test";
import type { HandleIntake } from "#devices/connection-host.ts";
import { QueueWatch } from "#devices/queue-watch.ts";
import { deviceId } from "#domain/identifiers.ts";
import type { ReceivedIntake } from "#domain/intake.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { framed, LIMITS, post } from "./fkweb/requests.ts";
import { IntakeDesk } from "./intake-desk.ts";
import { openPort } from "./open-port.ts";
import { settleNetwork, TcpPeer, until } from "./tcp-peer.ts";

const PUNCH = punchOf("27", "20260302081504");
const BEHIND = punchOf("28", "20260302081505");
/** No block of an upload, whatever the usual headers say. */
const WHOLE = { dev_id: "GATE", blk_no: undefined } as const;

function punchOf(user: string, time: string): Buffer {
  return framed(
    `{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"${time}","user_id":"${user}","verify_mode":1}`,
  );
}

const punchRequest = (body = PUNCH, headers: Record<string, string | undefined> = {}) =>
  post(body, { ...WHOLE, request_code: "realtime_glog", ...headers });
const pollRequest = (headers: Record<string, string | undefined> = {}) =>
  post(framed('{"fk_name":"gate"}'), { ...WHOLE, request_code: "receive_cmd", ...headers });

/** The terminal port in front of storage that takes everything at once, unless it is held up. */
class Site implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly desk = new IntakeDesk();
  readonly received: ReceivedIntake[] = [];
  isHeldUp = false;
  readonly #watch = new QueueWatch(this.clock);
  readonly #port;

  constructor() {
    const handleIntake: HandleIntake = (received) => {
      this.received.push(received);
      const isHeldUp = this.isHeldUp && received.intake.kind !== "poll";
      return isHeldUp ? this.desk.handleIntake(received) : Promise.resolve({ kind: "stored" });
    };
    const handle = this.#watch.following((received) => handleIntake(received));
    const watching = { requests: this.#watch, clock: this.clock };
    this.#port = openPort({ handleIntake: handle }, LIMITS, watching);
  }

  connect(): Promise<TcpPeer> {
    return TcpPeer.connect(this.#port.port);
  }

  /** Sends on a connection of its own, as terminals do, and takes the answer to its end. */
  async exchange(request: Uint8Array): Promise<string> {
    const peer = await this.connect();
    peer.send(request);
    const answer = await peer.receiveAll();
    await until(() => peer.isClosed);
    await settleNetwork();
    return answer;
  }

  /** What a poll on a connection of its own is taken to show. */
  async poll(): Promise<unknown> {
    expect(await this.exchange(pollRequest())).toContain("200 OK");
    const intake = this.received.at(-1)?.intake;
    expect(intake).toMatchObject({ kind: "poll", deviceId: deviceId("GATE") });
    return intake?.kind === "poll" ? intake.queue : undefined;
  }

  /** Lets time pass, and connections run into their deadlines. */
  async pass(seconds: number): Promise<void> {
    await settleNetwork();
    await this.clock.advance(seconds * 1_000);
    await settleNetwork();
  }

  /** The same, with a poll every 20 s that shows nothing. */
  async poll20(times: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      await this.pass(20);
      expect(await this.poll()).toBe("unacknowledged");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.#port.stop();
    await this.clock.advance(5_000);
    await stopped;
  }
}

test("punches and polls on connections of their own leave no doubt", async () => {
  await using site = new Site();
  for (let count = 0; count < 3; count += 1) {
    expect(await site.exchange(punchRequest())).toContain("response_code: OK");
    expect(await site.poll()).toBe("empty");
  }
});

test("a poll beside half an upload on a connection that dropped shows nothing", async () => {
  await using site = new Site();
  expect(await site.poll()).toBe("empty");
  const dropped = await site.connect();
  dropped.send(punchRequest().subarray(0, -20));
  await settleNetwork();
  expect(await site.poll()).toBe("unacknowledged");
  // We give the connection up after 30 s, and the terminal tries again minutes later.
  await site.poll20(9);
  expect(await site.exchange(punchRequest())).toContain("response_code: OK");
  await site.poll20(2);
  await site.pass(10);
  expect(await site.poll()).toBe("empty");
  dropped.reset();
});

test("nor beside a head that has only begun", async () => {
  await using site = new Site();
  const dropped = await site.connect();
  dropped.send("POST /hdata.aspx HT");
  await settleNetwork();
  expect(await site.poll()).toBe("unacknowledged");
  dropped.reset();
});

test("nor beside an upload whose answer nobody took", async () => {
  await using site = new Site();
  expect(await site.poll()).toBe("empty");
  const dropped = await site.connect();
  dropped.send(punchRequest());
  // The reply is here, and the terminal behind the broken link never ends the connection.
  await until(() => dropped.hasEnded);
  expect(await site.poll()).toBe("unacknowledged");
  await site.pass(3);
  await site.poll20(9);
  await site.pass(20);
  expect(await site.poll()).toBe("empty");
});

test("nobody else's poll waits for an answer that a terminal did not take", async () => {
  await using site = new Site();
  const dropped = await site.connect();
  dropped.send(punchRequest(PUNCH, { dev_id: "DOOR" }));
  await until(() => dropped.hasEnded);
  expect(await site.poll()).toBe("empty");
  await site.pass(3);
  expect(await site.poll()).toBe("empty");
});

test("nor beside an upload that is not on disk yet, nor where its sender left before", async () => {
  await using site = new Site();
  expect(await site.poll()).toBe("empty");
  site.isHeldUp = true;
  const impatient = await site.connect();
  impatient.send(punchRequest());
  await until(() => site.desk.waitingCount === 1);
  expect(await site.poll()).toBe("unacknowledged");
  impatient.reset();
  await until(() => impatient.isClosed);
  await settleNetwork();
  site.desk.settle("stored");
  expect(await site.poll()).toBe("unacknowledged");
});

test("a kept connection is at rest once the terminal goes on behind its reply", async () => {
  await using site = new Site();
  const kept = await site.connect();
  kept.send(punchRequest(PUNCH, { Connection: "keep-alive" }));
  await until(() => kept.receivedText.includes("response_code: OK"));
  expect(await site.poll()).toBe("unacknowledged");
  kept.send(pollRequest({ Connection: "keep-alive" }));
  await until(() => site.received.length === 3);
  expect(site.received[2]?.intake).toMatchObject({ kind: "poll", queue: "empty" });
  await settleNetwork();
  expect(await site.poll()).toBe("empty");
  kept.reset();
});

test("a poll that is lost itself leaves no doubt, nor does a probe", async () => {
  await using site = new Site();
  const dropped = await site.connect();
  dropped.send(pollRequest());
  await until(() => dropped.hasEnded);
  const probe = await site.connect();
  probe.send("GET / HTTP/1.0\r\n\r\n");
  await until(() => probe.hasEnded);
  expect(await site.poll()).toBe("empty");
  await site.pass(3);
  expect(await site.poll()).toBe("empty");
});

test("an upload in blocks that breaks off keeps polls from counting until it came", async () => {
  await using site = new Site();
  expect(await site.poll()).toBe("empty");
  const [first, rest] = [BEHIND.subarray(0, 50), BEHIND.subarray(50)];
  const block = (body: Buffer, number: string) => punchRequest(body, { blk_no: number });
  expect(await site.exchange(block(first, "1"))).toContain("response_code: OK");
  expect(await site.poll()).toBe("unacknowledged");
  await site.poll20(8);
  expect(await site.exchange(block(first, "1"))).toContain("response_code: OK");
  expect(await site.exchange(block(rest, "0"))).toContain("response_code: OK");
  await site.poll20(9);
  await site.pass(20);
  expect(await site.poll()).toBe("empty");
});

test("a terminal that finds no room among the connections of its address is doubted", async () => {
  await using site = new Site();
  expect(await site.poll()).toBe("empty");
  // As many as an address may have.
  const crowd = await Promise.all(Array.from({ length: 10 }, () => site.connect()));
  await settleNetwork();
  expect(await site.exchange(punchRequest())).toBe("");
  for (const peer of crowd) peer.reset();
  await settleNetwork();
  expect(await site.poll()).toBe("unacknowledged");
});
