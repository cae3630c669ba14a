/**
 * Aim: defects of the replaced server (contract 9) that no other table of the walk shows repaired:
 * what terminals send that cannot be understood, races, text that would be a script, where the
 * ports listen, and the site's zone. The number in a name is that of the contract's list.
 */

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { fixture, framed, post } from "../devices/fkweb/requests.ts";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { ACKNOWLEDGEMENT, sendWhole, TerminalSocket } from "../system/terminal-socket.ts";
import { PRIMARY, readJson, SECONDARY, Site, siteWallTime } from "./contract-site.ts";
import { ENDPOINTS } from "./endpoints.ts";

setDefaultTimeout(60_000);

interface Log {
  readonly user_id: number | string;
  readonly device_id: string;
  readonly timestamp: string;
  readonly direction: string;
}

const GOOD = { device: SECONDARY, user: "7", time: "20260302081504" } as const;

describe("loss of punches", () => {
  const PUZZLES = [
    "{",
    "[1]",
    '{"io_time":"20260302081504","user_id":null,"verify_mode":1,"io_mode":1}',
    '{"io_time":"","user_id":"7","verify_mode":1,"io_mode":1}',
    '{"user_id":"7","verify_mode":1,"io_mode":1}',
    '{"io_time":"20261345990000","user_id":"7","verify_mode":1,"io_mode":1}',
    '{"io_time":"yesterday","user_id":"7","verify_mode":1,"io_mode":1}',
  ] as const;

  test("2, 4, 15: what cannot be understood is kept raw and acknowledged, and no time is invented", async () => {
    await using receiver = new HookReceiver();
    await using site = await Site.open(receiver.settings);
    // Acknowledged, so that it blocks nothing behind it; and two alike are two.
    const sent = PUZZLES.flatMap((json) => [json, `${json} `]);
    for (const json of sent) {
      expect([json, await site.sendRequest({ dev_id: SECONDARY }, json)]).toEqual([
        json,
        ACKNOWLEDGEMENT,
      ]);
    }
    await site.punch(GOOD);
    await eventually("the good punch", () => receiver.accepted.length > 0);
    expect((await readLogs(site)).map(({ timestamp }) => timestamp)).toEqual([GOOD.time]);
    expect(receiver.hooks).toHaveLength(1);
    expect(readQuarantine(site)).toEqual(sent.map((json) => framed(json).toString("latin1")));
  });

  test("2: a time that is a number is read as the time it is", async () => {
    await using site = await Site.open();
    const json = '{"io_time":20260302081504,"user_id":"7","verify_mode":1,"io_mode":1}';
    expect(await site.sendRequest({ dev_id: SECONDARY }, json)).toBe(ACKNOWLEDGEMENT);
    const stored = (await readLogs(site)).map(({ timestamp }) => timestamp);
    const kept = readQuarantine(site);
    // Read or kept for a person, but not lost.
    expect([...stored, ...kept]).toHaveLength(1);
  });

  test("3: enrolment data and batches are kept", async () => {
    await using site = await Site.open();
    const enrolled = await sendWhole(site.server.terminalPort, fixture("e10-enrolment-single"));
    expect(enrolled).toContain("response_code: OK");
    const { users } = await site.read<{ users: unknown[] }>("/api/hris/users?user_id=27");
    expect(users).toMatchObject([
      { user_id: 27, privilege: 0, enabled: 1, fp_count: 1, card_flag: 0 },
    ]);
    const batch = '{"log_array":[{"user_id":"7","io_time":"20260302081504"}]}';
    const answer = await site.sendRequest(
      { dev_id: PRIMARY, request_code: "send_glog_data" },
      batch,
    );
    expect(answer).toBe(ACKNOWLEDGEMENT);
    const kept = readTable<{ text: string }>(site, "notice_texts").map(({ text }) => text);
    expect([...kept, ...readQuarantine(site)]).toEqual([expect.stringContaining(batch)]);
  });

  test("5: while the database is locked for seconds nothing is lost, and what was not stored is not acknowledged", async () => {
    await using site = await Site.open();
    await site.poll(SECONDARY);
    using database = new Database(join(site.server.dataDir, "biometric.db"));
    database.run("BEGIN IMMEDIATE");
    const sent = Array.from({ length: 5 }, (_, index) => ({
      ...GOOD,
      time: `2026030208150${index}`,
    }));
    const answers = sent.map((punch) => site.sendPunch(punch));
    const first = await Promise.race([Bun.sleep(1500).then(() => "none"), ...answers]);
    if (first !== "none") expect(first).toBe("");
    database.run("ROLLBACK");
    const heard = await Promise.all(answers);
    const acknowledged = sent.filter((_, index) => heard[index] === ACKNOWLEDGEMENT);
    const stored = (await readLogs(site)).map(({ timestamp }) => timestamp);
    for (const { time } of acknowledged) expect(stored).toContain(time);
    for (const answer of heard) expect(["", ACKNOWLEDGEMENT]).toContain(answer);
    // A terminal that heard nothing sends again.
    await eventually("the database to be free", async () => {
      return (await site.sendPunch({ ...GOOD, user: "8" })) === ACKNOWLEDGEMENT;
    });
    await site.punch(...sent);
    expect(await readLogs(site)).toHaveLength(sent.length + 1);
  });

  test("7: an idle connection holds up nobody", async () => {
    await using site = await Site.open();
    const idle = await Promise.all(
      Array.from({ length: 20 }, () => TerminalSocket.connect(site.server.terminalPort)),
    );
    const half = await TerminalSocket.connect(site.server.terminalPort);
    half.send("POST / HTTP/1.0\r\nContent-Length: 999999999\r\n");
    await site.punch(GOOD);
    expect(await readLogs(site)).toHaveLength(1);
    for (const socket of [...idle, half]) socket.reset();
  });
});

describe("wrong data", () => {
  test("19: directions alternate however punches of one user race over terminals and the API", async () => {
    await using site = await Site.open();
    await Promise.all([site.poll(PRIMARY), site.poll(SECONDARY)]);
    // Of yesterday: late punches correct the directions of a month.
    const day = siteWallTime(Date.now() - 86_400_000).slice(0, 8);
    const times = Array.from({ length: 60 }, (_, minute) => {
      return `${day}08${String(minute).padStart(2, "0")}00`;
    });
    await Promise.all(
      times.map((time, index) => {
        if (index % 3 === 0) {
          const json = { user_id: 7, timestamp: time };
          return site.call("POST /api/biometric/manual-log", { json });
        }
        const device = index % 3 === 1 ? PRIMARY : SECONDARY;
        return site.punch({ device, user: "7", time });
      }),
    );
    const directionsByTime = async (): Promise<readonly string[]> =>
      (await readLogs(site)).toReversed().map(({ direction }) => direction);
    const wanted = times.map((_, index) => (index % 2 === 0 ? "in" : "out"));
    await eventually("late punches to be corrected", async () => {
      return (await directionsByTime()).join() === wanted.join();
    });
  });

  test("46: times are those of the site's zone, over its change of clocks", async () => {
    await using site = await Site.open({ SITE_TIME_ZONE: "Europe/Berlin" });
    await site.punch({ ...GOOD, time: "20260328230000" }, { ...GOOD, time: "20260329060000" });
    const { logs } = await site.read<{ logs: unknown[] }>(
      "/api/biometric/logs?start_date=2026-03-29",
    );
    expect(logs).toMatchObject([
      {
        timestamp: "20260329060000",
        datetime_utc: "2026-03-29 04:00:00",
        datetime_local: "2026-03-29 06:00:00",
        timezone: "Europe/Berlin",
      },
    ]);
    const all = await site.read<{ logs: { datetime_utc: string }[] }>("/api/biometric/logs");
    expect(all.logs.at(-1)?.datetime_utc).toBe("2026-03-28 22:00:00");
  });
});

describe("security", () => {
  const SCRIPT = '<script>alert("x")</script>';

  test("34: text that would be a script comes back as JSON alone, and no page shows it", async () => {
    await using site = await Site.open();
    await site.punch(GOOD);
    await site.sendPunch({
      device: "<script>alert(1)</script>",
      user: "7",
      time: "20260302081505",
    });
    await site.sendPunch({
      device: SECONDARY,
      user: '<img src=x onerror=\\"x\\">',
      time: "20260302081506",
    });
    const rename = { json: { device_name: SCRIPT } };
    expect((await site.call(`PUT /api/devices/${SECONDARY}`, rename)).status).toBe(200);
    const users = { json: { users: [{ user_id: 7, name: SCRIPT }] } };
    expect((await site.call("POST /api/biometric/sync", users)).status).toBe(200);
    expect((await site.call("GET /api/biometric/users")).text).toContain("script");
    const asks = ENDPOINTS.filter(({ method }) => method === "GET").map(({ path }) => path);
    const odd = [
      `/${encodeURIComponent(SCRIPT)}`,
      `/api/biometric/users?user_id=${encodeURIComponent(SCRIPT)}`,
      `/api/biometric/logs?start_date=${encodeURIComponent(SCRIPT)}`,
      "/",
    ];
    for (const path of [...asks, ...odd]) {
      const { headers, text } = await site.call(`GET ${path}`);
      expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      expect([path, headers.get("content-security-policy")]).toEqual([
        path,
        expect.stringContaining("default-src 'none'"),
      ]);
      if (/html|xml|javascript/.test(headers.get("content-type") ?? "")) {
        expect([path, text.includes("alert(")]).toEqual([path, false]);
      }
    }
  });

  test("38: a terminal hears nothing of what went wrong inside", async () => {
    await using site = await Site.open();
    const requests = [
      post(framed("{"), { dev_id: SECONDARY, "Content-Length": "abc" }),
      post(framed("{"), { dev_id: SECONDARY, "Content-Length": "-1" }),
      post(framed("{"), { dev_id: "", request_code: "x".repeat(100) }),
      post(framed("{"), {}, "GET / HTTP/1.0"),
      post(framed("{"), {}, "BREW / HTTP/9.9"),
    ];
    for (const request of requests) {
      const socket = await TerminalSocket.connect(site.server.terminalPort);
      socket.send(request);
      socket.end();
      const answer = await socket.answer;
      expect(answer).not.toMatch(/Error|Exception|\.ts|at \w+|Traceback|expected/);
      expect(answer).toMatch(/^$|^HTTP\/1\.[01] \d{3} [A-Z][A-Za-z ]*\r\n/);
    }
  });

  test("39: each port listens where it is told to, and nowhere else", async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    await using site = await Site.open({ WEB_BIND: "127.0.0.1", SERVER_HOST: "127.0.0.1" });
    for (const port of [site.server.webPort, site.server.terminalPort]) {
      expect(await canConnect("127.0.0.1", port)).toBe(true);
      expect(await canConnect("127.0.0.2", port)).toBe(false);
      for (const { address } of others) expect(await canConnect(address, port)).toBe(false);
    }
  });

  test("40: with a whitelist nobody gets past the limit by another name", async () => {
    await using site = await Site.open({
      HRIS_ALLOWED_CLIENTS: "hris_system",
      HRIS_RATE_LIMIT_REQUESTS: "1",
    });
    expect((await site.call("GET /api/biometric/logs")).status).toBe(200);
    expect((await site.call("GET /api/biometric/logs")).status).toBe(429);
    const json = { client_id: "hris_system2", client_secret: "contract-client-secret" };
    expect((await site.call("POST /api/auth/token", { token: null, json })).status).toBe(403);
    for (const name of ["hris_system ", " hris_system", "HRIS_SYSTEM", "hris_system\u0000"]) {
      const given = { client_id: name, client_secret: "contract-client-secret" };
      const answer = await site.call("POST /api/auth/token", { token: null, json: given });
      if (answer.status !== 200) continue;
      // Taken for the same client: then it has the same bucket.
      const { token } = readJson<{ token: string }>(answer);
      expect((await site.call("GET /api/biometric/logs", { token })).status).toBe(429);
    }
  });
});

async function readLogs(site: Site): Promise<readonly Log[]> {
  return (await site.read<{ logs: Log[] }>("/api/biometric/logs")).logs;
}

/** The kept bytes, which no port shows. */
function readQuarantine(site: Site): readonly string[] {
  return readTable<{ bytes: Uint8Array }>(site, "quarantine").map(({ bytes }) =>
    Buffer.from(bytes).toString("latin1"),
  );
}

function readTable<Row>(site: Site, table: string): readonly Row[] {
  using database = new Database(join(site.server.dataDir, "biometric.db"), { readonly: true });
  return database.query<Row, []>(`SELECT * FROM ${table} ORDER BY id`).all();
}

async function canConnect(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 2000 });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  socket.once("timeout", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
