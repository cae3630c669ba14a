/**
 * Aim: `/ws` is what contract 3.4 says of it, behind a token: the state at once, every new punch and
 * every change of a device, `pong` to `ping`, and silence to anything else.
 */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { expectRow, expectShape, PRIMARY, SECONDARY, Site } from "./contract-site.ts";
import { anyOf, flag, int, type Shape, text, timeText, wallTime, words } from "./shape.ts";

setDefaultTimeout(30_000);

const STATUS: Shape = {
  type: "status",
  data: {
    total_logs: int,
    total_devices: int,
    devices: [
      {
        device_id: text,
        device_name: anyOf(null, text),
        status: anyOf("allowed", "blocked"),
        last_seen: anyOf(null, timeText),
        created_at: timeText,
      },
    ],
  },
};

const NEW_LOG: Shape = {
  type: "new_log",
  data: {
    device_id: text,
    user_id: anyOf(int, text),
    io_mode: anyOf(0, 1),
    io_mode_str: anyOf("IN", "OUT"),
    verify_mode: int,
    verify_mode_str: text,
    timestamp: wallTime,
    datetime_utc: timeText,
    datetime_local: timeText,
    timezone: "Asia/Manila",
    device_type: anyOf("PRIMARY", "SECONDARY"),
    is_primary: flag,
    is_duplicate: flag,
  },
};

interface Frame {
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A client of the dashboard's kind: text frames of JSON. */
class Watcher implements Disposable {
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.frames.push(JSON.parse(String(data))));
  }

  /** @throws Error when the upgrade is refused. */
  static async open(site: Site, headers: Record<string, string>): Promise<Watcher> {
    const url = `${site.server.webUrl.replace("http", "ws")}/ws`;
    const socket = new WebSocket(url, { headers });
    const watcher = new Watcher(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("The upgrade was refused")));
    socket.addEventListener("close", () => reject(new Error("The upgrade was refused")));
    await promise;
    return watcher;
  }

  static async withToken(site: Site): Promise<Watcher> {
    return Watcher.open(site, { Authorization: `Bearer ${await site.token()}` });
  }

  send(text: string | Uint8Array): void {
    this.#socket.send(text);
  }

  /** The first frame of a type, once it has come. */
  async frame(type: string): Promise<Frame> {
    await eventually(`a frame "${type}"`, () => this.frames.some((frame) => frame.type === type));
    return this.frames.find((frame) => frame.type === type) ?? { type: "none" };
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

let site: Site;

beforeAll(async () => {
  site = await Site.open();
  await site.punch({ device: PRIMARY, user: "7", time: "20260302081504" });
});

afterAll(() => site[Symbol.asyncDispose]());

describe("/ws", () => {
  test("refuses who has no token, or a forged one: defect 32", async () => {
    expect(Watcher.open(site, {})).rejects.toThrow("refused");
    expect(Watcher.open(site, { Authorization: "Bearer forged" })).rejects.toThrow("refused");
    const upgrade = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const answer = await site.call("GET /ws", { token: null, headers: upgrade });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(PRIMARY);
  });

  test("a plain GET with a token: 400 as JSON", async () => {
    const shape: Shape = { error: words, message: words };
    await expectRow(site, { what: "plain", ask: "GET /ws", status: 400, shape });
  });

  test("tells the state at once", async () => {
    using watcher = await Watcher.withToken(site);
    const frame = await watcher.frame("status");
    expectShape(frame, STATUS);
    expect(watcher.frames[0]?.type).toBe("status");
    expect(frame.data).toMatchObject({
      total_logs: 1,
      total_devices: 1,
      devices: [{ device_id: PRIMARY }],
    });
  });

  test("answers ping with pong, and nothing else with anything", async () => {
    using watcher = await Watcher.withToken(site);
    await watcher.frame("status");
    const others = [
      "hello",
      "{}",
      "null",
      '{"type":"status"}',
      '{"type":7}',
      "[]",
      "\u0000",
      "{".repeat(1000),
    ];
    for (const text of others) watcher.send(text);
    watcher.send(Uint8Array.of(0, 1, 2));
    watcher.send('{"type":"ping"}');
    expectShape(await watcher.frame("pong"), { type: "pong" });
    expect(watcher.frames.map(({ type }) => type)).toEqual(["status", "pong"]);
  });

  test("tells each new punch to all, with its stored direction", async () => {
    await using own = await Site.open();
    using one = await Watcher.withToken(own);
    using other = await Watcher.withToken(own);
    await Promise.all([one.frame("status"), other.frame("status")]);
    await own.punch({ device: SECONDARY, user: "0007", time: "20260302081504", verify: 3 });
    for (const watcher of [one, other]) {
      const frame = await watcher.frame("new_log");
      expectShape(frame, NEW_LOG);
      expect(frame.data).toEqual({
        device_id: SECONDARY,
        user_id: 7,
        io_mode: 1,
        io_mode_str: "IN",
        verify_mode: 3,
        verify_mode_str: "ID Card",
        timestamp: "20260302081504",
        datetime_utc: "2026-03-02 00:15:04",
        datetime_local: "2026-03-02 08:15:04",
        timezone: "Asia/Manila",
        device_type: "SECONDARY",
        is_primary: false,
        is_duplicate: false,
      });
    }
  });

  test("tells changes of devices", async () => {
    await using own = await Site.open();
    await own.poll(SECONDARY);
    using watcher = await Watcher.withToken(own);
    await watcher.frame("status");
    await own.call(`POST /api/devices/${SECONDARY}/status`, { json: { status: "blocked" } });
    expectShape(await watcher.frame("device_status_changed"), {
      type: "device_status_changed",
      data: { device_id: SECONDARY, status: "blocked" },
    });
    await own.call(`PUT /api/devices/${SECONDARY}`, { json: { device_name: "Kitchen" } });
    expectShape(await watcher.frame("device_updated"), {
      type: "device_updated",
      data: { device_id: SECONDARY },
    });
    await own.call(`DELETE /api/devices/${SECONDARY}`);
    expectShape(await watcher.frame("device_deleted"), {
      type: "device_deleted",
      data: { device_id: SECONDARY },
    });
  });

  test("tells of a change that a verb on the box made", async () => {
    await using own = await Site.open();
    await own.poll(SECONDARY);
    using watcher = await Watcher.withToken(own);
    await watcher.frame("status");
    expect((await own.server.run("devices", "block", SECONDARY)).exitCode).toBe(0);
    expect(await watcher.frame("device_status_changed")).toEqual({
      type: "device_status_changed",
      data: { device_id: SECONDARY, status: "blocked" },
    });
  });
});
