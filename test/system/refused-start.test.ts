/**
 * Aim: an executable that cannot start says everything that is wrong and what to do, ends with the
 * documented exit code, and harms nobody who runs already.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  findFreePort,
  RunningServer,
  runExecutable,
  type Settings,
  startServer,
} from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

/** Runs `serve` in a folder of its own until it gives up. */
async function serveInVain(change: (server: RunningServer) => Settings) {
  await using place = new RunningServer();
  const settings = {
    DATA_DIR: place.dataDir,
    SERVER_HOST: "127.0.0.1",
    SERVER_PORT: String(place.terminalPort),
    WEB_BIND: "127.0.0.1",
    WEB_PORT: String(place.webPort),
    ...change(place),
  };
  const result = await runExecutable(["serve"], { cwd: place.folder, settings });
  return { ...result, madeData: existsSync(place.dataDir) };
}

describe("serve", () => {
  test("tells all wrong settings at once, ends with 78, and makes nothing", async () => {
    const result = await serveInVain(() => ({
      SERVER_PORT: "70050",
      SITE_TIME_ZONE: "Asia/Manilla",
      HRIS_TOKEN_EXPIRY_HOURS: "0",
      HRIS_API_SECRET_KEY: "secret\u0007value",
    }));
    expect(result.exitCode).toBe(78);
    expect(result.error).toContain('"70050" for SERVER_PORT');
    expect(result.error).toContain('"Asia/Manilla" for SITE_TIME_ZONE');
    expect(result.error).toContain('"0" for HRIS_TOKEN_EXPIRY_HOURS');
    expect(result.error).toContain("HRIS_API_SECRET_KEY");
    expect(result.error).not.toContain("secret\u0007value");
    expect(result.madeData).toBe(false);
  });

  test.each(["SERVER_PORT", "WEB_PORT"])(
    "ends with 1 and a hint when %s is taken",
    async (name) => {
      const port = findFreePort();
      using taken = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
      const result = await serveInVain(() => ({ [name]: String(taken.port) }));
      expect(result.exitCode).toBe(1);
      expect(result.error).toContain(String(port));
      expect(result.error).toMatch(new RegExp(`^hint: .*${name}`, "m"));
    },
  );

  test("refuses a folder on which another server runs, and leaves that one unharmed", async () => {
    await using server = await startServer();
    await simulate(server, "--punches", "3");
    const result = await serveInVain(() => ({ DATA_DIR: server.dataDir }));
    expect(result.exitCode).toBe(1);
    // Refused before it opened the database.
    expect(result.error).toContain(join(server.dataDir, "biometric.db.lock"));
    expect(result.error).toMatch(/^hint: /m);

    expect(await simulate(server, "--punches", "3", "--device-prefix", "AFTER")).toMatchObject({
      acknowledged: 3,
    });
    expect(await server.listPunches()).toHaveLength(6);
    // Its control socket answers too.
    expect((await server.run("devices", "list")).exitCode).toBe(0);
    expect(await server.stop()).toBe(0);
  });

  test("refuses a database that was emptied, and says what to do", async () => {
    await using server = await startServer();
    await simulate(server, "--punches", "1");
    expect(await server.stop()).toBe(0);
    writeFileSync(join(server.dataDir, "biometric.db"), "");
    await expect(server.start()).rejects.toThrow("it is empty");
    await server.stop();
    rmSync(join(server.dataDir, "biometric.db"));
    await server.start();
    expect(server.logLines("storage.new")).toHaveLength(1);
  });

  test("a verb that needs a running server says so, and ends with 1", async () => {
    await using server = await startServer();
    await server.stop();
    expect(existsSync(join(server.dataDir, "control.sock"))).toBe(false);
    const { exitCode, error } = await server.run("devices", "list");
    expect(exitCode).toBe(1);
    expect(error).toMatch(/^hint: /m);
  });
});
