/** Aim: API clients outlive a restart, and a change that reached no disk is not in force. */

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import type { NewClient } from "#domain/client.ts";
import { openTestStorage, RECEIVED_AT_MS } from "../support/test-storage.ts";

const PAYROLL: NewClient = {
  name: "payroll.site-1",
  secretSha256: "ab".repeat(32),
  scopes: ["read", "write"],
  createdAtMs: RECEIVED_AT_MS,
};
const LATER_MS = epochMs(RECEIVED_AT_MS + 60_000);

describe("addClient() and revokeClient()", () => {
  test("keep a client over a restart", async () => {
    using opened = openTestStorage();
    expect(await opened.storage.addClient(PAYROLL)).toBe("done");
    for (let start = 0; start < 2; start += 1) {
      expect(await opened.storage.findClient("payroll.site-1")).toEqual({
        ...PAYROLL,
        revokedAtMs: undefined,
      });
      expect(await opened.storage.findClient("payroll")).toBeUndefined();
      await opened.reopen();
    }
  });

  test("leave a client in force as it is", async () => {
    using opened = openTestStorage();
    await opened.storage.addClient(PAYROLL);
    const again = { ...PAYROLL, secretSha256: "cd".repeat(32), scopes: ["admin"] as const };
    expect(await opened.storage.addClient(again)).toBe("exists");
    expect(await opened.storage.findClient(PAYROLL.name)).toMatchObject({
      secretSha256: PAYROLL.secretSha256,
      scopes: ["read", "write"],
    });
  });

  test("revoke a client once, and keep it revoked over a restart", async () => {
    using opened = openTestStorage();
    await opened.storage.addClient(PAYROLL);
    expect(await opened.storage.revokeClient(PAYROLL.name, LATER_MS)).toBe("done");
    expect(await opened.storage.revokeClient(PAYROLL.name, epochMs(LATER_MS + 1))).toBe(
      "unchanged",
    );
    await opened.reopen();
    expect(await opened.storage.findClient(PAYROLL.name)).toEqual({
      ...PAYROLL,
      revokedAtMs: LATER_MS,
    });
  });

  test("revoke a name without a row", async () => {
    using opened = openTestStorage();
    expect(await opened.storage.revokeClient("hris_system", LATER_MS)).toBe("done");
    await opened.reopen();
    expect(await opened.storage.listClients()).toEqual([
      {
        name: "hris_system",
        secretSha256: undefined,
        scopes: [],
        createdAtMs: LATER_MS,
        revokedAtMs: LATER_MS,
      },
    ]);
  });

  test("take a revoked client anew, with another secret and scope", async () => {
    using opened = openTestStorage();
    await opened.storage.addClient(PAYROLL);
    await opened.storage.revokeClient(PAYROLL.name, LATER_MS);
    const anew = {
      name: PAYROLL.name,
      secretSha256: "cd".repeat(32),
      scopes: ["read"] as const,
      createdAtMs: epochMs(LATER_MS + 1),
    };
    expect(await opened.storage.addClient(anew)).toBe("done");
    await opened.reopen();
    expect(await opened.storage.listClients()).toEqual([{ ...anew, revokedAtMs: undefined }]);
  });

  test("change nothing in memory when the disk took nothing", async () => {
    using opened = openTestStorage();
    await opened.storage.addClient(PAYROLL);
    using other = new Database(opened.path);
    other.run("CREATE TRIGGER full BEFORE UPDATE ON clients BEGIN SELECT RAISE(ABORT, 'no'); END");
    other.run("CREATE TRIGGER full2 BEFORE INSERT ON clients BEGIN SELECT RAISE(ABORT, 'no'); END");
    await expect(opened.storage.revokeClient(PAYROLL.name, LATER_MS)).rejects.toThrow();
    await expect(opened.storage.revokeClient("hris_system", LATER_MS)).rejects.toThrow();
    expect(await opened.storage.listClients()).toEqual([{ ...PAYROLL, revokedAtMs: undefined }]);
    expect(await opened.storage.findClient("hris_system")).toBeUndefined();
  });
});
