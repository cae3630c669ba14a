/**
 * Aim: the verb `clients` prints a new secret once and alone, shows no other, and tells apart what
 * was done, what was so before, and what is refused.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { AppError } from "#base/app-error.ts";
import { ControlFixture, cleanUpControl, temporaryPath } from "../api/control/control-fixture.ts";
import { runVerb } from "../support/run-verb.ts";

afterEach(cleanUpControl);

async function start() {
  const fixture = new ControlFixture();
  const path = temporaryPath();
  await fixture.start(path);
  const clients = (...argv: string[]) => runVerb(dirname(path), "clients", ...argv);
  return { fixture, clients };
}

describe("clients add", () => {
  test("prints the secret alone on standard output, and only this once", async () => {
    const { clients } = await start();
    const added = await clients("add", "payroll", "--scope", "read,write");
    expect(added).toEqual({
      code: 0,
      out: expect.stringMatching(/^[0-9a-f]{64}\n$/),
      error: "payroll is added (read, write). Its secret, which is shown only now:\n",
    });
    const again = await clients("add", "payroll");
    expect(again).toMatchObject({ code: 1, out: "" });
    expect(again.error).toStartWith('error: Cannot add "payroll": it is there already\nhint: ');
    for (const shown of [await clients("list"), await clients("list", "--json")]) {
      expect(shown.out).toContain("payroll");
      expect(shown.out).not.toContain(added.out.trim());
    }
  });

  test("lets a client read when no scope is given, and prints JSON when asked", async () => {
    const { clients } = await start();
    expect(JSON.parse((await clients("add", "a.b", "--json")).out)).toEqual({
      name: "a.b",
      scopes: ["read"],
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("refuses a scope that does not exist", async () => {
    const { fixture, clients } = await start();
    const { code, error } = await clients("add", "payroll", "--scope", "read,root");
    expect(code).toBe(2);
    expect(error).toContain("It must be some of read,write,admin.");
    expect(fixture.storage.clients.size).toBe(0);
  });

  test("tells what to do where the server cannot use its database", async () => {
    const { fixture, clients } = await start();
    fixture.storage.addClient = async () => {
      const hint = "The disk is full: free space";
      throw new AppError("storage-write-failed", "Cannot write it: SQLITE_FULL", { hint });
    };
    expect(await clients("add", "payroll")).toMatchObject({
      code: 1,
      error: expect.stringContaining(
        "The database cannot be used now. The disk is full: free space",
      ),
    });
  });

  test("tells what is wrong with a name", async () => {
    const { clients } = await start();
    const { code, error } = await clients("add", "x".repeat(257));
    expect(code).toBe(1);
    expect(error).toContain("must be 1 to 256 characters without control characters");
  });
});

describe("clients list", () => {
  test("prints an aligned table, without what a name could do to a screen", async () => {
    const { fixture, clients } = await start();
    expect((await clients("list")).out).toBe("No client was added\n");
    await clients("add", "payroll\u200e", "--scope", "admin,read");
    await fixture.clock.advance(86_400_000);
    await clients("revoke", "hris_system");
    expect((await clients("list")).out.split("\n")).toEqual([
      "NAME         SCOPE       SECRET  STATUS   SINCE",
      "payroll?     read,admin  own     active   2026-03-02",
      "hris_system  -           main    revoked  2026-03-03",
      "",
    ]);
  });

  test("prints the answer itself with --json", async () => {
    const { clients } = await start();
    await clients("add", "payroll");
    expect(JSON.parse((await clients("list", "--json")).out)).toEqual({
      clients: [
        {
          name: "payroll",
          scopes: ["read"],
          has_own_secret: true,
          created_at: "2026-03-02T00:15:04.000Z",
          revoked_at: null,
        },
      ],
    });
  });
});

describe("clients revoke", () => {
  test("tells what was done, and what was so before", async () => {
    const { clients } = await start();
    await clients("add", "payroll");
    expect(await clients("revoke", "payroll")).toEqual({
      code: 0,
      out: "payroll is revoked\n",
      error: "",
    });
    expect((await clients("revoke", "payroll")).out).toBe("payroll was revoked\n");
    expect((await clients("revoke", "payroll", "--json")).out).toBe(
      '{"name":"payroll","result":"unchanged"}\n',
    );
  });

  test("warns that the main secret serves other names", async () => {
    const { clients } = await start();
    const { code, out, error } = await clients("revoke", "hris_system");
    expect([code, out]).toEqual([0, "hris_system is revoked\n"]);
    expect(error).toContain("HRIS_API_SECRET_KEY");
  });
});
