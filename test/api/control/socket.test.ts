/** Aim: the control socket is its owner's alone, and no two servers share it. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "./control-fixture.ts";

afterEach(cleanUpControl);

describe("startControlSocket()", () => {
  test("makes the file for its owner alone, and puts the process's mask back", async () => {
    const maskBefore = process.umask();
    const path = temporaryPath();
    await new ControlFixture().start(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(maskBefore);
  });

  test("removes the file when it stops", async () => {
    const path = temporaryPath();
    const running = await new ControlFixture().start(path);
    await running.stop();
    expect(existsSync(path)).toBe(false);
  });

  test("takes over the file of a dead server", async () => {
    const path = temporaryPath();
    const script =
      `Bun.listen({ unix: ${JSON.stringify(path)}, socket: { data() {} } }); ` +
      'process.kill(process.pid, "SIGKILL");';
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(statSync(path).isSocket()).toBe(true);
    await new ControlFixture().start(path);
    expect((await ask(path, "GET", "/devices")).status).toBe(200);
  });

  test("leaves a living server alone", async () => {
    const path = temporaryPath();
    await new ControlFixture().start(path);
    const second = new ControlFixture().start(path);
    await expect(second).rejects.toMatchObject({ code: "port-unavailable" });
    expect((await ask(path, "GET", "/devices")).status).toBe(200);
  });

  test("leaves alone what is not a socket", async () => {
    const path = temporaryPath();
    writeFileSync(path, "precious");
    const start = new ControlFixture().start(path);
    await expect(start).rejects.toMatchObject({ code: "port-unavailable" });
    expect(existsSync(path)).toBe(true);
  });

  test("fails with a hint when the folder does not exist", async () => {
    const start = new ControlFixture().start(join(temporaryPath(), "missing", "control.sock"));
    await expect(start).rejects.toMatchObject({
      code: "port-unavailable",
      hint: expect.stringContaining("folder"),
    });
  });

  test("answers 404 to another path", async () => {
    const path = temporaryPath();
    await new ControlFixture().start(path);
    expect((await ask(path, "GET", "/nope")).status).toBe(404);
  });
});
