/**
 * Aim: `simulate` refuses bad values in plain words, prints its report for people and for scripts,
 * and its exit code says whether everything was acknowledged.
 */

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulateCommand } from "#cli/simulate.ts";
import { type Answer, ScriptedServer } from "../simulator/scripted-server.ts";

const folder = mkdtempSync(join(tmpdir(), "simulate-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly text: string;
  readonly exitCode: number;
}

const NEVER_STOPPED = { stopRequested: () => new Promise<string>(() => {}) };

async function simulate(...words: string[]): Promise<Outcome> {
  return run(words, NEVER_STOPPED);
}

async function run(
  words: readonly string[],
  host: { readonly stopRequested: () => Promise<string> },
): Promise<Outcome> {
  let text = "";
  let exitCode = 0;
  const environment = {
    out: (part: string) => {
      text += part;
    },
    error: () => {},
    isTerminal: false,
    exitCode: (code: number) => {
      exitCode = code;
    },
  };
  await simulateCommand(environment, host).parseAsync([...words], { from: "user" });
  return { text, exitCode };
}

async function simulateAgainst(answer: Answer, ...words: string[]): Promise<Outcome> {
  const server = new ScriptedServer(() => answer);
  try {
    return await simulate("--port", String(server.port), ...words);
  } finally {
    server.stop();
  }
}

describe("simulate", () => {
  test("simulate --json prints one object and ends with 0 when all was acknowledged", async () => {
    const words = ["--terminals", "2", "--punches", "3", "--duplicates", "100", "--json"];
    const { text, exitCode } = await simulateAgainst("ok", ...words);
    expect(JSON.parse(text)).toMatchObject({
      terminals: 2,
      punches: 6,
      sent: 6,
      acknowledged: 6,
      unacknowledged: 0,
      duplicatesSent: 6,
      duplicatesAcknowledged: 6,
      pollsAnswered: 2,
      latencyMs: { p50: expect.any(Number), max: expect.any(Number) },
    });
    expect(exitCode).toBe(0);
  });

  test("simulate ends with 1 when a punch was not acknowledged, and says why", async () => {
    const { text, exitCode } = await simulateAgainst("close", "--attempts", "1", "--punches", "2");
    expect(text).toMatch(/^punches +2$/m);
    expect(text).toMatch(/^unacknowledged +2$/m);
    expect(text).toMatch(/^closed without reply +2$/m);
    expect(exitCode).toBe(1);
  });

  test("simulate reports how far it came when it is told to stop", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const server = new ScriptedServer((request) => {
      if (request.userId === "2") resolve("SIGINT");
      return request.userId === "2" ? "silence" : "ok";
    });
    const words = ["--port", String(server.port), "--punches", "3", "--json"];
    const { text, exitCode } = await run(words, { stopRequested: () => promise });
    server.stop();
    expect(JSON.parse(text)).toMatchObject({ punches: 3, sent: 2, acknowledged: 1 });
    expect(exitCode).toBe(1);
  });

  test("simulate --acks writes a line per acknowledged punch", async () => {
    const path = join(folder, "acks");
    const words = ["--punches", "3", "--users", "2", "--start", "20260302081504", "--acks", path];
    await simulateAgainst("ok", ...words);
    expect(readFileSync(path, "utf8")).toBe(
      "SIM0001\t1\t20260302081504\nSIM0001\t2\t20260302081504\nSIM0001\t1\t20260302081505\n",
    );
  });

  test("simulate prints what is always there, and no row for what did not happen", async () => {
    const { text } = await simulateAgainst("ok", "--punches", "2");
    expect(text.split("\n").map((line) => line.slice(0, 21).trimEnd())).toEqual([
      "terminals",
      "punches",
      "sent",
      "acknowledged",
      "unacknowledged",
      "sent again",
      "duration",
      "punches per second",
      "latency p50",
      "latency p90",
      "latency p99",
      "latency max",
      "",
    ]);
  });

  test("simulate --scenario runs it, sizes changed by the options, and prints what is special", async () => {
    const words = ["--scenario", "lossy-feed", "--duration", "0.2", "--timeout", "1"];
    const { text, exitCode } = await simulateAgainst("ok", ...words, "--punches", "1");
    expect(text).toMatch(/^terminals +1$/m);
    expect(text).toMatch(/^acknowledged +1$/m);
    expect(exitCode).toBe(0);
    const lossy = ["--scenario", "lost-replies", "--terminals", "1", "--retry-delay", "0"];
    const lost = await simulateAgainst("ok", ...lossy, "--punches", "4");
    expect(lost.text).toMatch(/^given up midway +1$/m);
    expect(lost.exitCode).toBe(0);
  });

  test("simulate --scenario help lists every scenario with its line", async () => {
    const { text, exitCode } = await simulate("--scenario", "help");
    expect(text).toMatch(/^ {2}steady +10 terminals, 2 punches a second, for a minute$/m);
    for (const name of ["reconnect", "storm", "power-loss", "lossy-feed", "commands", "same-id"]) {
      expect(text).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
    }
    expect(exitCode).toBe(0);
  });

  test("simulate --dialect makes the terminals speak it", async () => {
    const seen: string[] = [];
    const server = new ScriptedServer((request) => {
      seen.push(request.text.slice(0, request.text.indexOf("\r\n")));
      return "ok";
    });
    const words = ["--port", String(server.port), "--punches", "1", "--no-poll"];
    for (const dialect of ["D3", "D4", "D6"]) await simulate(...words, "--dialect", dialect);
    const { exitCode } = await simulate(...words, "--dialect", "R");
    server.stop();
    expect(seen.slice(0, 3)).toEqual([
      "POST /hdata.aspx HTTP/1.0",
      `POST http://127.0.0.1:${server.port}/ HTTP/1.0`,
      "POST /AIData.aspx HTTP/1.0",
    ]);
    expect(exitCode).toBe(0);
  });

  test("simulate --poll-interval polls after the punches too", async () => {
    const server = new ScriptedServer(({ requestCode }) =>
      requestCode === "receive_cmd" ? "no-command" : "ok",
    );
    const words = ["--port", String(server.port), "--punches", "1", "--poll-interval", "1"];
    await simulate(...words);
    server.stop();
    expect(server.requests.map(({ requestCode }) => requestCode)).toEqual([
      "realtime_glog",
      "receive_cmd",
    ]);
  });

  const refusals: readonly [option: string, value: string, wanted: string][] = [
    ["--port", "70000", "a whole number from 1 to 65535"],
    ["--terminals", "0", "a whole number from 1 to 10000"],
    ["--terminals", "ten", "a whole number from 1 to 10000"],
    ["--punches", "1.5", "a whole number from 0 to 1000000"],
    ["--rate", "0", "a number from 0.01 to 1000000"],
    ["--duplicates", "101", "a whole number from 0 to 100"],
    ["--timeout", "", "a number from 0.1 to 600"],
    ["--attempts", "0", "a whole number from 1 to 1000000"],
    ["--start", "20260230081504", "14 digits YYYYMMDDhhmmss, as 20260302081504"],
    ["--start", "2026-03-02", "14 digits YYYYMMDDhhmmss, as 20260302081504"],
    ["--zone", "Mars/Base", "an IANA name, as Asia/Manila"],
    ["--dialect", "D9", "one of D2, D3, D4, D6, R"],
    ["--seed", "-1", "a whole number from 0 to 1000000"],
    ["--poll-interval", "0", "a number from 0.01 to 3600"],
    ["--device-prefix", "much-too-long-a-name", "1 to 13 letters, digits or underscores"],
  ];
  test.each(refusals)("simulate refuses %s %p", async (option, value, wanted) => {
    const running = simulate(option, value);
    await expect(running).rejects.toMatchObject({
      code: "usage",
      message: `Cannot use ${option} "${value}": must be ${wanted}`,
    });
  });

  test("simulate refuses an unknown scenario and names those there are", async () => {
    await expect(simulate("--scenario", "toString")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(
        /^Cannot use --scenario "toString": must be one of steady, reconnect, .*, or help$/,
      ),
    });
  });
});
