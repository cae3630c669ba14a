/**
 * Aim: on the executable, an export holds exactly the punches of the days, terminals and users that
 * were asked for, in each format, and a file is whole or not there.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// biome-ignore lint/correctness/noUndeclaredDependencies: it comes with what writes the sheets.
import { strFromU8, unzipSync } from "fflate";
import { EXECUTABLE, type RunningServer, startServer } from "../support/running-server.ts";
import { ACKNOWLEDGEMENT, punchRequest, sendWhole } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const OPEN = { DEVICE_ENROLLMENT: "open", DEVICE_HISTORY_DAYS: "3660" };

/** The last second of a day, the day after with its first and last second, and one day later. */
const PUNCHES = [
  { device: "GATE1", user: "27", wallTime: "20260301235959" },
  { device: "GATE1", user: "0031", wallTime: "20260302235959" },
  { device: "GATE2", user: "27", wallTime: "20260302000000" },
  { device: "GATE2", user: "31", wallTime: "20260303000000" },
] as const;

async function startWithPunches(): Promise<RunningServer> {
  const server = await startServer({ settings: OPEN });
  for (const punch of PUNCHES) {
    expect(await sendWhole(server.terminalPort, punchRequest(punch))).toBe(ACKNOWLEDGEMENT);
  }
  return server;
}

/** Device and wall time of each row. */
function placesIn(ndjson: string): readonly string[] {
  const lines = ndjson.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const row: { readonly device_id: string; readonly wall_time: string } = JSON.parse(line);
    return `${row.device_id} ${row.wall_time}`;
  });
}

async function exportLines(server: RunningServer, ...more: readonly string[]) {
  const { exitCode, out } = await server.run("export", "--format", "ndjson", ...more);
  expect(exitCode).toBe(0);
  return placesIn(out);
}

test("takes days of the site's calendar, a terminal, a user and a direction", async () => {
  await using server = await startWithPunches();
  expect(await exportLines(server, "--from", "2026-03-02", "--to", "2026-03-02")).toEqual([
    "GATE1 20260302235959",
    "GATE2 20260302000000",
  ]);
  expect(await exportLines(server, "--device", "GATE2")).toEqual([
    "GATE2 20260302000000",
    "GATE2 20260303000000",
  ]);
  expect(await exportLines(server, "--user", "031")).toEqual([
    "GATE1 20260302235959",
    "GATE2 20260303000000",
  ]);
  expect(await exportLines(server, "--direction", "out")).toEqual([
    "GATE2 20260302000000",
    "GATE2 20260303000000",
  ]);
  expect(await exportLines(server, "--to", "2026-02-28")).toEqual([]);
});

test("writes CSV to standard output and to a file, and replaces one only when told", async () => {
  await using server = await startWithPunches();
  const { out } = await server.run("export");
  const [head = "", first = "", ...rest] = out.split("\r\n");
  expect(head).toStartWith("id,revision,device_id,user_id,user_id_text,time,");
  expect(first).toContain(",GATE1,27,27,2026-03-01T23:59:59+08:00,Asia/Manila,");
  expect(rest).toHaveLength(PUNCHES.length);

  const file = join(server.folder, "march.csv");
  expect(await server.run("export", "--output", file)).toEqual({
    exitCode: 0,
    out: "",
    error: `4 punches in "${file}"\n`,
  });
  expect(readFileSync(file, "utf8")).toBe(out);
  expect(statSync(file).mode & 0o777).toBe(0o600);

  writeFileSync(file, "mine");
  expect(await server.run("export", "-o", file)).toEqual({
    exitCode: 1,
    out: "",
    error:
      `error: Cannot export to "${file}": there is such a file\n` +
      "hint: Name another file, or replace it with --force\n",
  });
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect((await server.run("export", "-o", file, "--force")).exitCode).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(out);
});

test("a full disk behind standard output is a failure, and a reader that has enough is none", async () => {
  await using server = await startWithPunches();
  const wordsOf = (target: string) => ["sh", "-c", `"$0" export ${target}`, EXECUTABLE];
  const run = async (target: string) => {
    const shell = Bun.spawn(wordsOf(target), {
      cwd: server.folder,
      env: { DATA_DIR: server.dataDir },
      stdout: "ignore",
      stderr: "pipe",
    });
    return { error: await shell.stderr.text(), exitCode: await shell.exited };
  };
  expect(await run("> /dev/full")).toEqual({
    error:
      "error: Cannot write all of the output: ENOSPC\n" +
      "hint: Look at the disk that it goes to, and run this again\n",
    exitCode: 1,
  });
  expect(await run("| true")).toEqual({ error: "", exitCode: 0 });
});

test("what is no file stays what it is, and a name that cannot be is refused", async () => {
  await using server = await startWithPunches();
  const pipe = join(server.folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const refused = await server.run("export", "--output", pipe, "--force");
  expect([refused.exitCode, refused.error]).toEqual([
    1,
    `error: Cannot export to "${pipe}": what has that name is no file\n` +
      "hint: Name another file; for a pipe or a device give no --output\n",
  ]);
  expect(statSync(pipe).isFIFO()).toBe(true);
  const long = join(server.folder, "y".repeat(250));
  const tooLong = await server.run("export", "--output", long);
  expect([tooLong.exitCode, tooLong.error]).toEqual([
    1,
    `error: Cannot export to "${long}": ENAMETOOLONG\n`,
  ]);
});

test("writes a sheet by time, with the clock on the wall as a date", async () => {
  await using server = await startWithPunches();
  const file = join(server.folder, "march.xlsx");
  const { exitCode, error } = await server.run("export", "--user", "27", "--output", file);
  expect([exitCode, error]).toEqual([0, `2 punches in "${file}"\n`]);
  const parts = unzipSync(readFileSync(file));
  const part = (name: string) => strFromU8(parts[name] ?? new Uint8Array());
  const rows = part("xl/worksheets/sheet1.xml").match(/<row .*?<\/row>/gs) ?? [];
  expect(rows).toHaveLength(3);
  // 2026-03-01 is day 46082 of a sheet's calendar.
  expect(rows[1]).toMatch(/<v>46082\.99998842\d*<\/v>/);
  expect(rows[2]).toMatch(/<v>46083<\/v>/);
  expect(part("xl/sharedStrings.xml")).toContain("GATE2");
});

test("says what is wrong with what was asked for, and leaves no file behind", async () => {
  await using server = await startWithPunches();
  const file = join(server.folder, "none.csv");
  const errorOf = async (...more: readonly string[]) => {
    const { exitCode, out, error } = await server.run("export", ...more);
    expect(out).toBe("");
    return [exitCode, error];
  };
  expect(await errorOf("--device", "GATE9", "-o", file)).toEqual([
    1,
    'error: No terminal has the id "GATE9": see "devices list"\n',
  ]);
  expect(await errorOf("--from", "2026-02-30", "-o", file)).toEqual([
    1,
    'error: "2026-02-30" is no date: wanted is a day such as 2026-03-02\n',
  ]);
  expect(await errorOf("--from", "2026-03-02", "--to", "2026-03-01", "-o", file)).toEqual([
    1,
    "error: The last day, 2026-03-01, is before the first, 2026-03-02\n",
  ]);
  expect(await errorOf("--format", "xlsx")).toEqual([
    2,
    "error: Cannot write XLSX to standard output\nhint: Name a file with --output\n",
  ]);
  expect(await errorOf("--format", "pdf", "-o", file)).toEqual([2, expect.any(String)]);
  expect(await errorOf("-o", join(server.folder, "gone", "march.csv"))).toEqual([
    1,
    expect.stringContaining("ENOENT"),
  ]);
  expect(existsSync(file)).toBe(false);
  expect(readdirSync(server.folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
