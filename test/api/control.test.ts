/** Aim: the control socket shows and changes terminals, and is its owner's alone. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningControlSocket, startControlSocket } from "#api/control.ts";
import { epochMs } from "#base/epoch.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { FakeStorage, sampleDevice } from "./fake-storage.ts";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "control-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return join(folder, "control.sock");
}

class ControlFixture {
  readonly storage = new FakeStorage();
  readonly log = new RecordingLog();
  readonly clock = new FakeClock();
  releases = 0;

  async start(path: string): Promise<RunningControlSocket> {
    const running = await startControlSocket({
      path,
      storage: this.storage,
      clock: this.clock,
      log: this.log,
      onDeviceApproved: () => {
        this.releases += 1;
      },
    });
    cleanups.push(() => running.stop());
    return running;
  }
}

async function ask(socketPath: string, method: string, path: string) {
  const response = await fetch(`http://localhost${path}`, { method, unix: socketPath });
  const json: unknown = await response.json();
  return { status: response.status, json };
}

describe("the control socket", () => {
  test("lists the terminals of every status, and the pairing window", async () => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(
      sampleDevice("2401058352", { name: "Front door", firmware: "1.0", clockSkewMs: -1500 }),
      sampleDevice("new", { status: "pending", heldCount: 4, duplicateCount: 2, refusedCount: 1 }),
    );
    fixture.storage.pairingWindowEndsAt = epochMs(Date.UTC(2026, 2, 2, 1, 0, 0));
    const path = temporaryPath();
    await fixture.start(path);
    const answer = await ask(path, "GET", "/devices");
    const common = {
      driver: "fkweb",
      last_contact_at: "2026-03-02T00:15:04.000Z",
      last_address: "192.0.2.7",
    };
    expect(answer.json).toEqual({
      devices: [
        {
          ...common,
          id: "2401058352",
          name: "Front door",
          status: "approved",
          held_count: 0,
          duplicate_count: 0,
          refused_count: 0,
          clock_skew_ms: -1500,
          firmware: "1.0",
        },
        {
          ...common,
          id: "new",
          name: null,
          status: "pending",
          held_count: 4,
          duplicate_count: 2,
          refused_count: 1,
          clock_skew_ms: null,
          firmware: null,
        },
      ],
      pairing_window_ends_at: "2026-03-02T01:00:00.000Z",
    });
  });

  test.each([
    "2401058352",
    ".",
    "..",
    "a/b",
    "../devices",
    "100%",
    "ÄÖ 漢字",
    "a?b#c",
    "q\"uote'",
    "a+b&c=d",
    "%2F",
    " x ",
    "id=1&id=2",
  ])("approves and blocks the terminal %p", async (id) => {
    const fixture = new ControlFixture();
    fixture.storage.devices.push(sampleDevice(id, { status: "pending" }));
    const path = temporaryPath();
    await fixture.start(path);
    const change = async (verb: string) =>
      (await ask(path, "POST", `/devices/${verb}?id=${encodeURIComponent(id)}`)).json;
    expect(await change("approve")).toEqual({ result: "done" });
    expect(await change("approve")).toEqual({ result: "unchanged" });
    expect(fixture.releases).toBe(1);
    expect(await change("block")).toEqual({ result: "done" });
    expect(fixture.storage.devices[0]?.status).toBe("blocked");
    expect(fixture.log.of("device.approved")[0]?.fields).toEqual({ device: id });
    expect(fixture.log.of("device.blocked")).toHaveLength(1);
  });

  test("says unknown-device, and releases nothing", async () => {
    const fixture = new ControlFixture();
    const path = temporaryPath();
    await fixture.start(path);
    const answer = await ask(path, "POST", "/devices/approve?id=nobody");
    expect(answer.json).toEqual({ result: "unknown-device" });
    expect(fixture.releases).toBe(0);
    expect(fixture.log.lines).toEqual([]);
  });

  test.each(["", "?id=", "?id=1&id=2", "?id=1&force=yes", "?ID=1"])(
    "answers 400 to a change with %p, and changes nothing",
    async (query) => {
      const fixture = new ControlFixture();
      fixture.storage.devices.push(sampleDevice("1", { status: "pending" }));
      const path = temporaryPath();
      await fixture.start(path);
      for (const verb of ["approve", "block"]) {
        expect((await ask(path, "POST", `/devices/${verb}${query}`)).status).toBe(400);
      }
      expect(fixture.storage.devices[0]?.status).toBe("pending");
    },
  );

  test("answers 404 to another path", async () => {
    const path = temporaryPath();
    await new ControlFixture().start(path);
    expect((await ask(path, "GET", "/nope")).status).toBe(404);
  });
});

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
});
