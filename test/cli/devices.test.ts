/**
 * Aim: the verb `devices` speaks to a real Unix socket, shows what matters, and tells apart what
 * was done, what was already so, and what does not exist.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVerb, type VerbResult } from "../support/run-verb.ts";

const folder = mkdtempSync(join(tmpdir(), "control-"));
const asked: string[] = [];
let server: Bun.Server<undefined>;

const DEVICES = {
  devices: [
    {
      id: "2401058352",
      name: "Gate\u001b[2J",
      status: "approved",
      driver: "fkweb",
      last_contact_at: new Date(Date.now() - 90_500).toISOString(),
      last_address: "192.168.1.9",
      allowed_address: "10.0.0.0/8",
      held_count: 0,
      clock_skew_ms: -7_200_000,
      time_zone: "Asia/Tokyo",
      direction: "device",
      direction_codes: "0=out,1=in",
      start_date: "2026-03-01",
    },
    { id: "O0", name: null, status: "pending", driver: "fkweb", held_count: 12 },
  ],
  pairing_window_ends_at: null,
};

beforeAll(() => {
  server = Bun.serve({
    unix: join(folder, "control.sock"),
    fetch(request) {
      const { pathname, search, searchParams } = new URL(request.url);
      asked.push(`${request.method} ${pathname}${search}`);
      if (pathname === "/devices") return Response.json(DEVICES);
      const id = searchParams.get("id");
      if (id === "broken") return new Response("no", { status: 500 });
      if (id === "unknown") return Response.json({ result: "built-in-device" });
      if (searchParams.get("address") === "gate") {
        return Response.json({ error: "Bad Request", message: "no address" }, { status: 400 });
      }
      if (pathname === "/devices/send-history") {
        return Response.json({ result: id === "O0" ? "no-endpoint" : "done" });
      }
      const verb = pathname.slice("/devices/".length);
      if (["zone", "direction", "retire", "give-up-lost"].includes(verb)) {
        return Response.json({ result: id === "O0" ? "unchanged" : "done" });
      }
      if (pathname === "/devices/rename" || pathname === "/devices/address") {
        return Response.json({ result: id === "O0" ? "unchanged" : "done" });
      }
      const isNew = id === "O/0" || id === "..";
      if (pathname === "/devices/approve" && isNew) return Response.json({ result: "done" });
      if (pathname === "/devices/block" && id === "O0") {
        return Response.json({ result: "unchanged" });
      }
      return Response.json({ result: "unknown-device" });
    },
  });
});

afterAll(async () => {
  await server.stop(true);
  rmSync(folder, { recursive: true });
});

function devices(...argv: string[]): Promise<VerbResult> {
  return runVerb(folder, "devices", ...argv);
}

describe("devices list", () => {
  test("prints an aligned table, without what a terminal could do to a screen", async () => {
    const { code, out } = await devices("list");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "ID          NAME      STATUS    LAST CONTACT  ADDRESS      ALLOWED FROM  HELD  CLOCK     ZONE        DIRECTION            SINCE       DRIVER",
      "2401058352  Gate?[2J  approved  1 min ago     192.168.1.9  10.0.0.0/8    0     2 h slow  Asia/Tokyo  device (0=out,1=in)  2026-03-01  fkweb",
      "O0          -         pending   -             -            any           12    -         site        site                 -           fkweb",
      "",
      "To release held punches: biometric-server devices approve O0",
      "",
    ]);
  });

  test("prints the answer itself with --json", async () => {
    expect(JSON.parse((await devices("list", "--json")).out)).toEqual(DEVICES);
  });
});

describe("devices approve and block", () => {
  test("tell what was done, and escape the id", async () => {
    expect(await devices("approve", "O/0")).toEqual({
      code: 0,
      out: "O/0 is approved\n",
      error: "",
    });
    expect(asked.at(-1)).toBe("POST /devices/approve?id=O%2F0");
    expect((await devices("approve", "..")).out).toBe(".. is approved\n");
  });

  test("tell what was so before, and still succeed", async () => {
    expect(await devices("block", "O0")).toEqual({ code: 0, out: "O0 was blocked\n", error: "" });
    expect((await devices("block", "O0", "--json")).out).toBe('{"id":"O0","result":"unchanged"}\n');
  });

  test("fail for a terminal that does not exist", async () => {
    const { code, out, error } = await devices("approve", "nobody");
    expect([code, out]).toEqual([1, ""]);
    expect(error).toStartWith('error: Cannot approve "nobody": no such terminal\nhint: ');
  });

  test("fail when the server does", async () => {
    const { code, error } = await devices("block", "broken");
    expect(code).toBe(1);
    expect(error).toContain(
      'Cannot use the server\'s answer to "/devices/block?id=broken": status 500',
    );
  });
});

describe("devices rename and address", () => {
  test("send the value, and tell what was done or was so before", async () => {
    expect(await devices("rename", "7", "Gate & Co")).toEqual({
      code: 0,
      out: '7 is called "Gate & Co"\n',
      error: "",
    });
    expect(asked.at(-1)).toBe("POST /devices/rename?id=7&name=Gate+%26+Co");
    expect((await devices("rename", "O0", "Gate")).out).toBe('O0 was called "Gate"\n');
    expect((await devices("address", "7", "10.0.0.0/8")).out).toBe("7 may come from 10.0.0.0/8\n");
    expect(asked.at(-1)).toBe("POST /devices/address?id=7&address=10.0.0.0%2F8");
    expect((await devices("address", "O0", "any", "--json")).out).toBe(
      '{"id":"O0","result":"unchanged"}\n',
    );
  });

  test("fail with the server's reason, and for the device of manual punches", async () => {
    const refused = await devices("address", "7", "gate");
    expect([refused.code, refused.out]).toEqual([1, ""]);
    expect(refused.error).toBe(
      'error: Cannot address "7": no address\nhint: Nothing was changed\n',
    );
    const builtIn = await devices("block", "unknown");
    expect(builtIn.code).toBe(1);
    expect(builtIn.error).toContain("it is the device of manual punches");
  });

  test("say from when on a rule holds", async () => {
    const tail = "for punches that come from now on; those in the feed stay as they are\n";
    expect((await devices("zone", "7", "Asia/Tokyo")).out).toBe(
      `7 has the time zone Asia/Tokyo, ${tail}`,
    );
    expect(asked.at(-1)).toBe("POST /devices/zone?id=7&zone=Asia%2FTokyo");
    expect((await devices("direction", "7", "device", "--codes", "0=out,1=in")).out).toBe(
      `7 has the direction rule device, ${tail}`,
    );
    expect(asked.at(-1)).toBe(
      "POST /devices/direction?id=7&direction=device&codes=0%3Dout%2C1%3Din",
    );
    expect((await devices("direction", "O0", "site")).out).toBe("O0 had the direction rule site\n");
    expect(asked.at(-1)).toBe("POST /devices/direction?id=O0&direction=site");
    expect((await devices("retire", "7")).out).toBe("7 is retired\n");
    expect((await devices("give-up-lost", "7")).out).toStartWith("7 is waited for no longer: ");
    expect((await devices("give-up-lost", "O0")).out).toBe("O0 was not waited for\n");
  });

  test("approve with a start date", async () => {
    expect((await devices("approve", "O/0", "--since", "2026-03-01")).out).toBe(
      "O/0 is approved; it starts with 2026-03-01\n",
    );
    expect(asked.at(-1)).toBe("POST /devices/approve?id=O%2F0&since=2026-03-01");
  });

  test("send history, or say what is missing for it", async () => {
    expect((await devices("send-history", "7", "--from", "2026-01-01")).out).toStartWith(
      "7 has its history sent, oldest first",
    );
    expect(asked.at(-1)).toBe("POST /devices/send-history?id=7&from=2026-01-01");
    const refused = await devices("send-history", "O0");
    expect([refused.code, refused.out]).toEqual([1, ""]);
    expect(refused.error).toBe(
      'error: Cannot send-history "O0": no webhook receiver is set\n' +
        "hint: Set BIOMETRIC_WEBHOOK_URL and start the server again\n",
    );
  });

  test("need both arguments", async () => {
    expect((await devices("address", "7")).code).toBe(2);
    expect((await devices("rename", "7", "a", "b")).code).toBe(2);
  });
});
