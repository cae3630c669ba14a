/** Aim: a port is well when this server has it, and whoever else has it is named. */

import { describe, expect, test } from "bun:test";
import { checkPort, type PortView } from "#cli/doctor/check-ports.ts";

const OURS = { program: "biometric-serve", pid: 812, isOf: () => true };
const WELL: PortView = {
  check: "terminal-port",
  setting: "SERVER_PORT",
  port: 7005,
  holder: OURS,
  serverPid: 812,
  isRoot: true,
  startCommand: "systemctl start biometric-server",
};

const check = (change: Partial<PortView>) => checkPort({ ...WELL, ...change });

describe("checkPort()", () => {
  test("takes a port of the server that answers, or of the service, for well", () => {
    expect(check({}).state).toBe("ok");
    expect(check({ serverPid: undefined }).state).toBe("ok");
    expect(check({ holder: { ...OURS, isOf: () => false } }).state).toBe("ok");
  });

  test("names another program, and how to end it", () => {
    const holder = { program: "nginx", pid: 40, isOf: () => false };
    expect(check({ holder })).toEqual({
      check: "terminal-port",
      state: "fault",
      found: "port 7005 (SERVER_PORT) is taken by nginx (process 40)",
      wanted: "this server listens there",
      fix: "stop that program (kill 40), or set SERVER_PORT to another port",
    });
  });

  test("names a port that nobody has", () => {
    expect(check({ holder: undefined, serverPid: undefined })).toMatchObject({
      state: "fault",
      fix: "systemctl start biometric-server",
    });
    expect(check({ holder: undefined }).fix).toContain("journalctl");
  });

  test("says when only root could tell", () => {
    const holder = { program: undefined, pid: undefined, isOf: () => false };
    expect(check({ holder, isRoot: false })).toMatchObject({
      state: "skipped",
      fix: "sudo biometric-server doctor",
    });
    // Root sees every process of this machine: it is one of another, such as a container's.
    expect(check({ holder }).state).toBe("fault");
  });

  test("leaves a port out that the server chooses itself", () => {
    expect(check({ port: 0 }).state).toBe("skipped");
  });
});
