/**
 * Aim: at its finest level the log of the built executable tells each request and each try, and of
 * none what is in it; under the journal a start that fails is an error to the journal, too.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { HookReceiver } from "../support/hook-receiver.ts";
import { EXECUTABLE, startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(60_000);

test("LOG_LEVEL=debug tells every request of terminals and clients, and every try", async () => {
  await using receiver = new HookReceiver();
  const settings = { ...receiver.settings, DEVICE_ENROLLMENT: "open", LOG_LEVEL: "debug" };
  await using server = await startServer({ settings });
  await simulate(server, "--terminals", "1", "--punches", "2");
  const headers = { authorization: `Bearer ${await server.token()}` };
  const asked = await fetch(`${server.webUrl}/v1/punches?user=4711`, { headers });
  expect(asked.status).toBe(200);
  await eventually("both tries are told", () => server.logLines("webhook.tried").length === 2);
  const punches = server.logLines("terminal.request").filter((line) => line.includes("=punches "));
  expect(punches).toHaveLength(2);
  expect(punches[0]).toMatch(
    / debug terminal\.request kind=punches device=SIM0001 address=127\.0\.0\.1 outcome=stored ms=\d+$/,
  );
  expect(server.logLines("api.answered").at(-1)).toMatch(
    / debug api\.answered method=GET path=\/v1\/punches status=200 ms=\d+$/,
  );
  expect(server.logLines("webhook.tried")[0]).toMatch(/ event=\S+ result=delivered ms=\d+$/);
  expect(server.printed).not.toContain("4711");
  expect(server.printed).not.toContain(await server.token());
});

test("a start that fails is told to the journal as an error, and to a file as it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "journal-"));
  const path = join(folder, "stream");
  const failWith = async (journalOf: (stream: string) => string): Promise<string> => {
    const stream = openSync(path, "w");
    const { dev, ino } = fstatSync(stream);
    const env = { JOURNAL_STREAM: journalOf(`${dev}:${ino}`), SERVER_PORT: "x" };
    const started = Bun.spawn([EXECUTABLE, "serve"], { cwd: folder, env, stderr: stream });
    expect(await started.exited).toBe(78);
    closeSync(stream);
    return readFileSync(path, "utf8");
  };
  try {
    const lines = (await failWith((stream) => stream)).trim().split("\n");
    expect(lines.filter((line) => !line.startsWith("<3>"))).toEqual([]);
    expect(lines[0]).toStartWith("<3>error: ");
    expect(await failWith(() => "8:1")).toStartWith("error: ");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
