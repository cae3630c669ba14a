/**
 * Aim: what goes to the HRIS is contract 4 to the byte, in both formats (D2), and is delivered by
 * its rules with the defects of the replaced server repaired (14, 22 to 30). Time is steered, so
 * that vectors, waits and limits are those of the contract.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import {
  type Hook,
  HookReceiver,
  signatureOfBytes,
  signatureOfJson,
} from "../support/hook-receiver.ts";
import type { Settings } from "../support/running-server.ts";
import { SteeredBuild, SteeredServer } from "../support/steered-server.ts";
import { PRIMARY, SECONDARY, SECRET, Site } from "./contract-site.ts";
import {
  anyOf,
  findMismatches,
  flag,
  int,
  matching,
  type Shape,
  text,
  timeText,
  wallTime,
} from "./shape.ts";

setDefaultTimeout(60_000);

/** Of the vectors: 2025-01-02 08:15:31 in Manila. */
const VECTOR_SECONDS = 1_735_776_931;
const VECTOR_PUNCH = {
  device: "2401058350",
  user: "7",
  time: "20250102081530",
  verify: 3,
} as const;
const LOGS_BODY =
  '{"logs": [{"attendance_time": "2025-01-02 00:15:30", "biometric_id": "7", "datetime": "2025-01-02 00:15:30", "device_id": "2401058350", "device_type": "SECONDARY", "direction": "IN", "id": "7", "io_mode": 1, "io_mode_str": "IN", "is_duplicate": false, "source": "biometric_server", "timestamp": "20250102081530", "timestamp_unix": 1735776931, "timezone": "Asia/Manila", "user_id": "7", "verify_method": "ID Card", "verify_mode": 3, "verify_mode_str": "ID Card"}]}';
const EVENT_BODY =
  '{"attendance_date": "2025-01-02", "attendance_time": "08:15:30", "data": {"datetime_local": "2025-01-02 08:15:30", "datetime_utc": "2025-01-02 00:15:30", "device_id": "2401058350", "device_type": "SECONDARY", "io_mode": 1, "io_mode_str": "IN", "is_duplicate": false, "is_primary": false, "timestamp": "20250102081530", "timezone": "Asia/Manila", "user_id": 7, "verify_mode": 3, "verify_mode_str": "ID Card"}, "device_id": "2401058350", "event_type": "attendance_log", "source": "biometric_server", "timestamp": 1735776931, "timestamp_local": "2025-01-02 08:15:30", "timestamp_utc": "2025-01-02 00:15:30", "timezone": "Asia/Manila", "user_id": 7}';
/** Of the contract, with a device id that no terminal can send. */
const VECTORS = [
  {
    body: LOGS_BODY.replace('"2401058350"', '"GATE-\\u00f1\\u007f"'),
    signature: "86de7daf5743175fd317e900ca8caaf50c02b4af8fd04dd8b866276412d503d3",
  },
  {
    body: EVENT_BODY,
    signature: "e277043972fd701fd743b3bbdc0872cde763802ce8e04b796b59c5ea0d7aae46",
  },
] as const;

const MODE = anyOf("IN", "OUT");
const DEVICE_TYPE = anyOf("PRIMARY", "SECONDARY");
const LOGS: Shape = {
  logs: [
    {
      user_id: text,
      biometric_id: text,
      id: text,
      device_id: text,
      device_type: DEVICE_TYPE,
      attendance_time: timeText,
      datetime: timeText,
      timestamp: wallTime,
      timestamp_unix: int,
      io_mode: anyOf(0, 1),
      direction: MODE,
      io_mode_str: MODE,
      verify_mode: int,
      verify_method: text,
      verify_mode_str: text,
      source: "biometric_server",
      timezone: "Asia/Manila",
      is_duplicate: flag,
    },
  ],
};
const EVENT: Shape = {
  event_type: "attendance_log",
  timestamp: int,
  timestamp_utc: timeText,
  timestamp_local: timeText,
  timezone: "Asia/Manila",
  attendance_date: matching(/^\d{4}-\d\d-\d\d$/),
  attendance_time: matching(/^\d\d:\d\d:\d\d$/),
  data: {
    device_id: text,
    user_id: int,
    io_mode: anyOf(0, 1),
    io_mode_str: MODE,
    verify_mode: int,
    verify_mode_str: text,
    timestamp: wallTime,
    datetime_utc: timeText,
    datetime_local: timeText,
    timezone: "Asia/Manila",
    device_type: DEVICE_TYPE,
    is_primary: flag,
    is_duplicate: flag,
  },
  source: "biometric_server",
  device_id: text,
  user_id: int,
};

const FORMATS = [
  { format: "logs", settings: {}, body: LOGS_BODY, shape: LOGS },
  {
    format: "event",
    settings: { BIOMETRIC_WEBHOOK_FORMAT: "event" },
    body: EVENT_BODY,
    shape: EVENT,
  },
] as const;

let build: SteeredBuild;

beforeAll(async () => {
  build = await SteeredBuild.make();
});

afterAll(() => build[Symbol.dispose]());

/** A site whose clock shows the time of the vectors, sending to `receiver`. */
async function openSite(receiver: HookReceiver, change: Settings = {}): Promise<SteeredSite> {
  const server = new SteeredServer(build, {
    atMs: VECTOR_SECONDS * 1000 + 50,
    settings: {
      HRIS_API_SECRET_KEY: SECRET,
      PRIMARY_DEVICE_ID: PRIMARY,
      DEVICE_ENROLLMENT: "open",
      // Longer than time ever jumps while a request is under way, which it would cut off.
      BIOMETRIC_WEBHOOK_TIMEOUT: "600",
      ...receiver.settings,
      ...change,
    },
  });
  const site = new SteeredSite(server);
  await server.start();
  return site;
}

class SteeredSite extends Site {
  readonly clock: SteeredServer;

  constructor(clock: SteeredServer) {
    super(clock);
    this.clock = clock;
  }
}

test("the two signatures of the tests give those of the contract's vectors", () => {
  for (const { body, signature } of VECTORS) {
    expect(signatureOfBytes(body, "contract-test-secret")).toBe(signature);
    expect(signatureOfJson(body, "contract-test-secret")).toBe(signature);
    const { logs, ...others } = JSON.parse(body);
    const reordered = logs === undefined ? { zero: 0, ...others } : { logs };
    if (logs === undefined) delete reordered.zero;
    expect(signatureOfJson(JSON.stringify(reordered), "contract-test-secret")).toBe(signature);
  }
});

describe.each(FORMATS)("D2: format $format", ({ settings, body, shape }) => {
  test("is the vector's body to the byte, signed over exactly these bytes", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver, settings);
    site.clock.setTime(VECTOR_SECONDS * 1000 + 50);
    await site.punch(VECTOR_PUNCH);
    const [hook] = await received(receiver, 1);
    expect(hook?.body).toBe(body);
    expect(hook?.headers.get("x-webhook-signature")).toBe(signatureOfBytes(body, receiver.secret));
    expect(hook?.headers.get("x-webhook-timestamp")).toBe(String(VECTOR_SECONDS));
  });

  test("has the contract's shape for each terminal, direction and user", async () => {
    await using receiver = new HookReceiver("decode-sort-encode");
    await using site = await openSite(receiver, settings);
    await site.punch(
      { device: PRIMARY, user: "7", time: "20250102081530", verify: 3 },
      { device: SECONDARY, user: "0007", time: "20250102091530", verify: 1 },
      { device: SECONDARY, user: "12345678", time: "20250102235959", verify: 99 },
    );
    const hooks = await received(receiver, 3);
    for (const hook of hooks) expect(findMismatches(JSON.parse(hook.body), shape)).toEqual([]);
    expect(hooks.map((hook) => punchOf(hook)).sort()).toEqual([
      `${SECONDARY} 12345678 20250102235959 IN SECONDARY Unknown (99)`,
      `${SECONDARY} 7 20250102091530 OUT SECONDARY Fingerprint`,
      `${PRIMARY} 7 20250102081530 IN PRIMARY ID Card`,
    ]);
    expect(receiver.forged).toEqual([]);
  });
});

describe("the request", () => {
  test("has the contract's headers, and an id and a second signature beside them", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver);
    await site.punch(VECTOR_PUNCH);
    const [hook] = await received(receiver, 1);
    const header = (name: string): string => hook?.headers.get(name) ?? "";
    expect(hook?.method).toBe("POST");
    expect(header("content-type")).toBe("application/json");
    expect(header("user-agent")).toBe("Biometric-Server-Webhook/1.0");
    expect(header("x-webhook-source")).toBe("biometric_server");
    expect(header("x-webhook-signature")).toMatch(/^[0-9a-f]{64}$/);
    expect(header("x-webhook-timestamp")).toMatch(/^\d{10}$/);
    expect(header("content-length")).toBe(String(hook?.body.length));
    // Defect 27: an id for idempotency, and a signature that covers the time and the bytes.
    const signed = `${header("webhook-id")}.${header("webhook-timestamp")}.${hook?.body}`;
    const mac = Buffer.from(signatureOfBytes(signed, receiver.secret), "hex").toString("base64");
    expect(header("webhook-id")).not.toBe("");
    expect(header("webhook-signature")).toBe(`v1,${mac}`);
  });

  test("the additions come only when they are asked for", async () => {
    await using receiver = new HookReceiver("decode-sort-encode");
    await using site = await openSite(receiver, { BIOMETRIC_WEBHOOK_EXTRA_FIELDS: "true" });
    await site.punch(VECTOR_PUNCH);
    const [hook] = await received(receiver, 1);
    const { logs }: { logs: Record<string, unknown>[] } = JSON.parse(hook?.body ?? "{}");
    expect(logs).toMatchObject([
      { datetime_local: "2025-01-02 08:15:30", attendance_date: "2025-01-02", log_id: 1_000_001 },
    ]);
    expect(Object.keys(logs[0] ?? {})).toContain("direction_source");
    expect(Object.keys(logs[0] ?? {})).toHaveLength(22);
  });
});

describe("delivery", () => {
  test("any 2xx is success: defect 26", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver);
    const statuses = [200, 201, 202, 204];
    for (const [index, status] of statuses.entries()) {
      receiver.answer = status;
      await site.punch({ ...VECTOR_PUNCH, user: String(100 + index) });
      await received(receiver, index + 1);
    }
    await letTimePass(site);
    expect(receiver.hooks.map(({ status }) => status)).toEqual(statuses);
  });

  test("failures of the receiver are tried again with the same event, without end", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver, { BIOMETRIC_WEBHOOK_MAX_RETRIES: "1" });
    for (const [index, status] of [500, 503, 302, 408, 429].entries()) {
      receiver.hooks.length = 0;
      receiver.answer = status;
      const madeAt = Math.floor(site.clock.nowMs / 1000);
      await site.punch({ ...VECTOR_PUNCH, user: String(100 + index) });
      // More tries than any count of retries.
      for (let tries = 1; tries <= 6; tries += 1) {
        await untilAsTimePasses(site, `try ${tries}`, () => receiver.hooks.length >= tries);
      }
      receiver.answer = 200;
      await untilAsTimePasses(site, "success", () => receiver.accepted.length === 1);
      expect(new Set(receiver.hooks.map(sameOnEveryTry)).size).toBe(1);
      const times = receiver.hooks.map(({ headers }) => headers.get("x-webhook-timestamp"));
      expect([madeAt, madeAt + 1].map(String)).toContain(times[0] ?? "");
      await letTimePass(site);
      expect(receiver.accepted).toHaveLength(1);
    }
  });

  test("a receiver that is not there is tried until it is: defects 22 and 24", async () => {
    await using receiver = new HookReceiver();
    await receiver.down();
    await using site = await openSite(receiver);
    await site.punch(VECTOR_PUNCH);
    await eventually("a failed try", () => site.server.logLines("webhook.paused").length > 0);
    site.clock.advance(12 * 3_600_000);
    receiver.up();
    site.clock.advance(3_600_000);
    await received(receiver, 1);
  });

  test("what the receiver refuses is parked after its retries and shown, and others go on: defect 29", async () => {
    await using receiver = new HookReceiver();
    receiver.answer = ({ body }) => (body.includes('"user_id": "666"') ? 422 : 200);
    await using site = await openSite(receiver, {
      BIOMETRIC_WEBHOOK_MAX_RETRIES: "2",
      BIOMETRIC_WEBHOOK_RETRY_DELAY: "5",
    });
    await site.punch({ ...VECTOR_PUNCH, user: "666" });
    await untilAsTimePasses(site, "three tries", () => receiver.hooks.length >= 3);
    await site.punch({ ...VECTOR_PUNCH, user: "8" });
    await eventually("the other event", () => receiver.accepted.length === 1);
    expect(receiver.hooks).toHaveLength(4);
    const { webhook } = await site.read<{
      webhook: { persistent_queue: { failed: number } };
    }>("/api/biometric/webhook/status");
    expect(webhook.persistent_queue.failed).toBe(1);
    expect(site.server.logLines("webhook.parked")).toHaveLength(1);
  });

  test("the rate limit delays and drops nothing: defect 23", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver, { BIOMETRIC_WEBHOOK_RATE_LIMIT: "3" });
    const times = ["20250102081530", "20250102081531", "20250102081532", "20250102081533"];
    const later = ["20250102081534", "20250102081535", "20250102081536", "20250102081537"];
    for (const time of [...times, ...later]) await site.punch({ ...VECTOR_PUNCH, time });
    await received(receiver, 3);
    site.clock.advance(61_000);
    await received(receiver, 6);
    site.clock.advance(61_000);
    await received(receiver, 8);
    expect(receiver.hooks.map(({ body }) => /"timestamp": "(\d+)"/.exec(body)?.[1])).toEqual([
      ...times,
      ...later,
    ]);
  });

  test("a duplicate sends nothing: defect 14", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver);
    await site.punch(VECTOR_PUNCH, VECTOR_PUNCH, VECTOR_PUNCH);
    await site.punch({ ...VECTOR_PUNCH, user: "8" });
    await received(receiver, 2);
    await letTimePass(site);
    expect(receiver.hooks.map(punchOf).sort()).toEqual([
      `${SECONDARY} 7 20250102081530 IN SECONDARY ID Card`,
      `${SECONDARY} 8 20250102081530 IN SECONDARY ID Card`,
    ]);
  });

  test("a duplicate is told where a setting wants it, with the stored direction", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver, { BIOMETRIC_WEBHOOK_DUPLICATES: "true" });
    await site.punch(VECTOR_PUNCH, VECTOR_PUNCH);
    const hooks = await received(receiver, 2);
    const told = hooks.map(({ body }) => JSON.parse(body));
    expect(told).toMatchObject([
      { logs: [{ direction: "IN", is_duplicate: false }] },
      { logs: [{ direction: "IN", is_duplicate: true, timestamp: VECTOR_PUNCH.time }] },
    ]);
    for (const body of told) expect(findMismatches(body, LOGS)).toEqual([]);
  });

  test("nothing is sent unasked: no test event at the start, nor later: defect 28", async () => {
    await using receiver = new HookReceiver();
    await using site = await openSite(receiver);
    for (let minutes = 0; minutes < 60; minutes += 5) {
      site.clock.advance(5 * 60_000);
      await site.read<unknown>("/api/biometric/webhook/status");
    }
    expect(receiver.hooks).toEqual([]);
    await site.punch(VECTOR_PUNCH);
    await received(receiver, 1);
    expect(receiver.forged).toEqual([]);
  });

  test("redirects are not followed", async () => {
    await using elsewhere = new HookReceiver();
    await using receiver = new HookReceiver();
    receiver.answer = 307;
    await using site = await openSite(receiver);
    await site.punch(VECTOR_PUNCH);
    await untilAsTimePasses(site, "two tries", () => receiver.hooks.length >= 2);
    expect(elsewhere.hooks).toEqual([]);
    expect(receiver.hooks.every(({ headers }) => headers.get("x-webhook-source") !== null)).toBe(
      true,
    );
  });
});

/** Waits until so many requests have come. */
async function received(receiver: HookReceiver, count: number): Promise<readonly Hook[]> {
  await eventually(`request ${count} of ${receiver.hooks.length}`, () => {
    return receiver.hooks.length + receiver.forged.length >= count;
  });
  expect(receiver.forged).toEqual([]);
  return receiver.hooks;
}

/** Waits as `eventually` does, while the server lives through 10 s at every look. */
async function untilAsTimePasses(
  site: SteeredSite,
  what: string,
  condition: () => boolean,
): Promise<void> {
  await eventually(what, () => {
    site.clock.advance(10_000);
    return condition();
  });
}

/** Hours pass, in which every timer of the server had its turn. Nothing may be under way before. */
async function letTimePass(site: SteeredSite): Promise<void> {
  await eventually("the server to know of every answer", async () => {
    const { webhook } = await site.read<{ webhook: { persistent_queue: { pending: number } } }>(
      "/api/biometric/webhook/status",
    );
    return webhook.persistent_queue.pending === 0;
  });
  for (let hours = 0; hours < 3; hours += 1) {
    site.clock.advance(3_600_000);
    await site.read<unknown>("/api/biometric/status");
    // A turn of the timers of the server, which looks at them every few milliseconds.
    await Bun.sleep(30);
  }
}

/** What stays the same however often an event is tried. */
function sameOnEveryTry({ headers, body }: Hook): string {
  const names = ["webhook-id", "x-webhook-signature", "x-webhook-timestamp"];
  return JSON.stringify([body, names.map((name) => headers.get(name))]);
}

/** Terminal, user, time, direction, kind of terminal and method of either format. */
function punchOf({ body }: Hook): string {
  const message: {
    logs?: Record<string, unknown>[];
    data?: Record<string, unknown>;
  } = JSON.parse(body);
  const punch = message.logs?.[0] ?? message.data ?? {};
  const { device_id: device, user_id: user, timestamp, io_mode_str: direction } = punch;
  return `${device} ${user} ${timestamp} ${direction} ${punch.device_type} ${punch.verify_mode_str}`;
}
