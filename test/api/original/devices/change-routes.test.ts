/**
 * Aim: terminals are changed over the paths of contract 3.3, with its words and without its defects
 * (18, 32), on real storage; whatever is refused, changes nothing.
 */

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type RunningWebServer, startWebServer } from "#api/server.ts";
import { type DeviceId, deviceId } from "#domain/identifiers.ts";
import { TcpPeer, until } from "../../../devices/tcp-peer.ts";
import {
  finishBackgroundWork,
  openTestStorage,
  punchesFrom,
  rawPunch,
  readFeed,
  type TestStorage,
} from "../../../support/test-storage.ts";
import { type Answer, ApiFixture, field } from "../../api-fixture.ts";
import { tokenWithScope } from "../../scoped-token.ts";

const GATE = deviceId("GATE");
const MORNING = rawPunch("7", "20260302080000");
const JSON_TYPE = { "content-type": "application/json" };

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The API over real storage in which GATE has sent a punch. */
class Bench {
  readonly opened: TestStorage;
  readonly fixture: ApiFixture;
  releases = 0;

  constructor(rules: Parameters<typeof openTestStorage>[0] = {}) {
    const opened = openTestStorage(rules);
    cleanups.push(() => opened[Symbol.dispose]());
    this.opened = opened;
    this.fixture = new ApiFixture({
      storage: opened.storage,
      rateLimit: { requests: 1_000_000, windowSeconds: 60 },
      onWork: () => {
        this.releases += 1;
      },
    });
  }

  get storage() {
    return this.opened.storage;
  }

  async met(): Promise<this> {
    await this.storage.append([punchesFrom("GATE", [MORNING])]);
    return this;
  }

  /** One request with a token of every scope; `body` is sent as it is, anything else as JSON. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const authorization = `Bearer ${await this.fixture.token()}`;
    return this.fixture.call(path, {
      method,
      headers: { ...JSON_TYPE, authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async shown(id: DeviceId = GATE) {
    return this.storage.findDevice(id);
  }
}

describe("POST /api/devices/<id>/status", () => {
  const path = "/api/devices/GATE/status";

  test("blocks and allows; an absent status, {} and null allow", async () => {
    const bench = await new Bench().met();
    const blocked = await bench.ask("POST", path, { status: "blocked" });
    expect([blocked.status, blocked.json]).toEqual([
      200,
      { success: true, message: "Device blocked" },
    ]);
    expect((await bench.shown())?.status).toBe("blocked");
    for (const body of [{ status: "allowed" }, {}, null, { other: 1 }]) {
      await bench.storage.blockDevice(GATE);
      const allowed = await bench.ask("POST", path, body);
      expect([allowed.status, allowed.json]).toEqual([
        200,
        { success: true, message: "Device allowed" },
      ]);
      expect((await bench.shown())?.status).toBe("approved");
    }
    expect(bench.fixture.log.of("device.blocked")[0]?.fields).toEqual({
      device: "GATE",
      client: "hris_system",
    });
  });

  test("approves a pending terminal and releases what it sent", async () => {
    const bench = await new Bench({ enrollment: "approve" }).met();
    expect(await readFeed(bench.storage)).toEqual([]);
    await bench.ask("POST", path, { status: "allowed" });
    expect(bench.releases).toBe(1);
    await finishBackgroundWork(bench.storage);
    expect(await readFeed(bench.storage)).toHaveLength(1);
  });

  test("lets in a terminal before it first comes, shown as never seen", async () => {
    const bench = new Bench({ enrollment: "approve" });
    const answer = await bench.ask("POST", path, { status: "allowed" });
    expect(answer.json).toEqual({ success: true, message: "Device allowed" });
    expect((await bench.ask("GET", "/api/devices")).json).toEqual({
      total: 1,
      devices: [
        {
          device_id: "GATE",
          device_name: null,
          status: "allowed",
          last_seen: null,
          created_at: "2026-03-02 00:15:04",
          connection_status: "never",
        },
      ],
    });
    await bench.met();
    expect(await readFeed(bench.storage)).toHaveLength(1);
    const seen = await bench.ask("GET", "/api/devices");
    expect(field(seen.json, "devices", 0, "last_seen")).toBe("2026-03-02 09:00:00");
  });

  test.each([[""], ["ALLOWED"], ["pending"], ["retired"], [1], [null], [["blocked"]], [true]])(
    "answers 400 to the status %j, and neither changes nor makes a terminal",
    async (status) => {
      const bench = await new Bench().met();
      for (const id of ["GATE", "NEW"]) {
        const answer = await bench.ask("POST", `/api/devices/${id}/status`, { status });
        expect([answer.status, answer.json]).toEqual([
          400,
          { success: false, error: "Bad Request", message: "Invalid status" },
        ]);
      }
      expect((await bench.shown())?.status).toBe("approved");
      expect(await bench.storage.listDevices()).toHaveLength(1);
    },
  );

  test("answers a body that is no object of JSON as every endpoint does", async () => {
    const bench = await new Bench().met();
    for (const body of [[], [1], "blocked", 7, true]) {
      const answer = await bench.ask("POST", path, body);
      expect([answer.status, field(answer.json, "error")]).toEqual([400, "Bad Request"]);
    }
    const headers = { authorization: `Bearer ${await bench.fixture.token()}` };
    const untyped = { method: "POST", headers, body: '{"status":"blocked"}' };
    expect((await bench.fixture.call(path, untyped)).status).toBe(415);
    const broken = { method: "POST", headers: { ...headers, ...JSON_TYPE }, body: '{"status":' };
    expect((await bench.fixture.call(path, broken)).status).toBe(400);
    const large = { ...broken, body: JSON.stringify({ status: "blocked", x: "x".repeat(70_000) }) };
    expect((await bench.fixture.call(path, large)).status).toBe(413);
    expect((await bench.shown())?.status).toBe("approved");
  });

  test("makes no more terminals known than may be", async () => {
    const bench = await new Bench({ devicesMax: 1 }).met();
    const answer = await bench.ask("POST", "/api/devices/NEW/status", {});
    expect(answer.status).toBe(400);
    expect(field(answer.json, "message")).toContain("DEVICES_MAX");
  });
});

describe("PUT /api/devices/<id>", () => {
  const path = "/api/devices/GATE";
  const updated = { success: true, message: "Device updated" };

  test("renames, and neither unblocks nor counts as a contact: defect 18", async () => {
    const bench = await new Bench().met();
    await bench.storage.blockDevice(GATE);
    const before = await bench.shown();
    const answer = await bench.ask("PUT", path, { device_name: " Küche <b> " });
    expect([answer.status, answer.json]).toEqual([200, updated]);
    expect(await bench.shown()).toEqual({ ...before, name: "Küche <b>" } as typeof before);
    expect(bench.releases).toBe(0);
  });

  test("changes what is given: name and status, one of them, or neither", async () => {
    const bench = await new Bench().met();
    const steps: readonly [unknown, string | undefined, string][] = [
      [{ device_name: "A", status: "blocked" }, "A", "blocked"],
      [{ status: "allowed" }, "A", "approved"],
      [{ device_name: null }, "A", "approved"],
      [{}, "A", "approved"],
      [{ device_name: "" }, undefined, "approved"],
    ];
    for (const [body, name, status] of steps) {
      expect((await bench.ask("PUT", path, body)).json).toEqual(updated);
      const device = await bench.shown();
      expect([device?.name, device?.status as string]).toEqual([name, status]);
    }
    expect(bench.releases).toBe(1);
  });

  test("names a terminal that waits for approval, which goes on waiting", async () => {
    const bench = await new Bench({ enrollment: "approve" }).met();
    expect((await bench.ask("PUT", path, { device_name: "Gate" })).status).toBe(200);
    expect(await bench.shown()).toMatchObject({ name: "Gate", status: "pending" });
  });

  test.each([
    [
      { device_name: "New", status: "gone" },
      'Failed to update device: status is neither "allowed" nor "blocked"',
    ],
    [
      { device_name: "New", status: null },
      'Failed to update device: status is neither "allowed" nor "blocked"',
    ],
    [{ device_name: 7, status: "blocked" }, "Failed to update device: device_name is not a text"],
    [{ device_name: ["x"] }, "Failed to update device: device_name is not a text"],
    [{ device_name: "  " }, "Failed to update device: Name is empty"],
    [{ device_name: "a\u0000b" }, "Failed to update device: Name holds control characters"],
    [
      { device_name: "x".repeat(101), status: "blocked" },
      "Failed to update device: Name has 101 characters, at most 100 are accepted",
    ],
  ])("answers 400 to %j, and changes nothing", async (body, message) => {
    const bench = await new Bench().met();
    const before = await bench.shown();
    const answer = await bench.ask("PUT", path, body);
    expect([answer.status, answer.json]).toEqual([
      400,
      { success: false, error: "Bad Request", message },
    ]);
    expect(await bench.shown()).toEqual(before as NonNullable<typeof before>);
  });

  test("answers 404 for a terminal that is not there, also for a deleted one", async () => {
    const bench = await new Bench().met();
    await bench.storage.retireDevice(GATE);
    for (const id of ["GATE", "NEW", "%2F", "%00"]) {
      const answer = await bench.ask("PUT", `/api/devices/${id}`, { device_name: "x" });
      expect([answer.status, answer.json]).toEqual([
        404,
        { success: false, error: "Not Found", message: "Failed to update device" },
      ]);
    }
    expect((await bench.shown())?.status).toBe("retired");
    expect(await bench.storage.listDevices()).toHaveLength(1);
  });
});

describe("DELETE /api/devices/<id>", () => {
  const path = "/api/devices/GATE";

  test("hides a terminal and keeps its records; it returns at its next contact", async () => {
    const bench = await new Bench().met();
    const answer = await bench.ask("DELETE", path);
    expect([answer.status, answer.json]).toEqual([
      200,
      { success: true, message: "Device deleted" },
    ]);
    expect((await bench.ask("GET", "/api/devices")).json).toEqual({ total: 0, devices: [] });
    const logs = await bench.ask("GET", "/api/biometric/logs");
    expect(field(logs.json, "total")).toBe(1);
    await bench.storage.append([punchesFrom("GATE", [rawPunch("7", "20260302170000")])]);
    expect(field((await bench.ask("GET", "/api/devices")).json, "total")).toBe(1);
    expect(await readFeed(bench.storage)).toHaveLength(2);
  });

  test("answers 404 where there is none, and for the second time", async () => {
    const bench = await new Bench().met();
    await bench.ask("DELETE", path);
    for (const id of ["GATE", "NEW"]) {
      const answer = await bench.ask("DELETE", `/api/devices/${id}`);
      expect([answer.status, answer.json]).toEqual([
        404,
        { success: false, error: "Not Found", message: "Failed to delete device" },
      ]);
    }
  });
});

describe("changes of terminals", () => {
  test("leave the device of manual punches as it is, but for its name", async () => {
    const bench = new Bench();
    const refusals = [
      await bench.ask("POST", "/api/devices/unknown/status", { status: "blocked" }),
      await bench.ask("PUT", "/api/devices/unknown", { device_name: "x", status: "blocked" }),
      await bench.ask("DELETE", "/api/devices/unknown"),
    ];
    for (const { status, json } of refusals) {
      expect(status).toBe(400);
      expect(field(json, "message")).toEndWith(": manual punches belong to it");
    }
    expect(await bench.shown(deviceId("unknown"))).toMatchObject({
      status: "approved",
      name: "Manual punches",
    });
    expect((await bench.ask("PUT", "/api/devices/unknown", { device_name: "HR" })).status).toBe(
      200,
    );
    expect((await bench.ask("GET", "/api/devices")).json).toEqual({ total: 0, devices: [] });
  });

  test.each([
    ["POST", "/api/devices/GATE/status"],
    ["PUT", "/api/devices/GATE"],
    ["DELETE", "/api/devices/GATE"],
  ])(
    "%s %s needs a token that may administer, before its body is looked at",
    async (method, path) => {
      const bench = await new Bench().met();
      const anybody = await bench.fixture.call(path, { method, body: "{", headers: JSON_TYPE });
      expect(anybody.status).toBe(401);
      for (const scope of ["read", "write", "read write"]) {
        const authorization = `Bearer ${await tokenWithScope(bench.fixture, scope)}`;
        const headers = { ...JSON_TYPE, authorization };
        const answer = await bench.fixture.call(path, { method, body: "{", headers });
        expect([answer.status, field(answer.json, "error")]).toEqual([403, "Forbidden"]);
      }
      expect((await bench.shown())?.status).toBe("approved");
    },
  );

  test("answer 4xx to random ids and bodies, or do what they say; never 5xx", async () => {
    const bench = await new Bench().met();
    const odd = fc.constantFrom(".", "..", "%2e%2e", "%00", "%ff", "%", "a%2Fb", "%zz", "GATE%20");
    const id = fc.oneof(odd, fc.string({ unit: "binary", maxLength: 300 }).map(escapeId));
    const word = fc.oneof(fc.constantFrom("allowed", "blocked"), fc.json());
    const body = fc.oneof(
      fc.record(
        { status: word, device_name: fc.oneof(fc.string(), fc.jsonValue()) },
        {
          requiredKeys: [],
        },
      ),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("POST", "PUT", "DELETE"),
        id,
        body,
        async (method, segment, given) => {
          const before = await bench.storage.listDevices();
          const path = `/api/devices/${segment}${method === "POST" ? "/status" : ""}`;
          const { status, json } = await bench.ask(method, path, given);
          expect(status).toBeOneOf([200, 400, 404, 405]);
          if (status === 200) expect(field(json, "success")).toBe(true);
          else expect(await bench.storage.listDevices()).toEqual([...before]);
          expect((await bench.shown())?.status).toBe("approved");
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** Never GATE itself, whose state tells that nothing of it was changed. */
function escapeId(text: string): string {
  return text.isWellFormed() && text !== "GATE" ? encodeURIComponent(text) : "x%ED%A0%80";
}

describe("odd paths over a real port", () => {
  const servers: RunningWebServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  test.each([
    ["/api/devices/./status", [400, 404, 405]],
    ["/api/devices/../status", [400, 404, 405]],
    ["/api/devices/%2e%2e/status", [400, 404, 405]],
    ["/api/devices//status", [404]],
    ["/api/devices/%00/status", [400]],
    ["/api/devices/a%00b/status", [400]],
    ["/api/devices/%ff/status", [400]],
    ["/api/devices/%zz/status", [400]],
    ["/api/devices/%/status", [400]],
    [`/api/devices/${"x".repeat(300)}/status`, [400]],
    [`/api/devices/${"%F0%9F%9A%AA".repeat(40)}/status`, [400]],
  ])("POST %s is answered, and makes no terminal", async (path, statuses) => {
    const bench = new Bench();
    const { options } = bench.fixture;
    const server = startWebServer({ ...options, hostname: "127.0.0.1", port: 0 });
    servers.push(server);
    const peer = await TcpPeer.connect(server.port);
    peer.send(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `Authorization: Bearer ${await bench.fixture.token()}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    await until(() => peer.receivedText.includes("\r\n\r\n"));
    const [, status] = /^HTTP\/1.1 (\d+)/.exec(peer.receivedText) ?? [];
    expect(Number(status)).toBeOneOf(statuses);
    expect(await bench.storage.listDevices()).toEqual([]);
    peer.reset();
  });

  test.each([
    ["/api/devices/%F0%9F%9A%AA/status", "🚪"],
    ["/api/devices/a%2Fb%20%25/status", "a/b %"],
    ["/api/devices/+/status", "+"],
  ])("POST %s names the terminal %p", async (path, id) => {
    const bench = new Bench();
    expect((await bench.ask("POST", path, {})).status).toBe(200);
    expect((await bench.storage.listDevices()).map((device) => device.id as string)).toEqual([id]);
  });
});
