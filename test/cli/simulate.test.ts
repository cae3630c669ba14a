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
    ["--device-prefix", "much-too-long-a-name", "1 to 13 letters, digits or underscores"],
  ];
  test.each(refusals)("simulate refuses %s %p", async (option, value, wanted) => {
    const running = simulate(option, value);
    await expect(running).rejects.toMatchObject({
      code: "usage",
      message: `Cannot use ${option} "${value}": must be ${wanted}`,
    });
  });
});
