/** Aim: an export that the server breaks off is none. */

import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UnixSocketListener } from "bun";
import { runVerb } from "../support/run-verb.ts";

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A server that says how much comes, sends a row, and is gone. Returns its data folder. */
function breakOff(row: string): string {
  const folder = mkdtempSync(join(tmpdir(), "export-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const listener: UnixSocketListener<undefined> = Bun.listen({
    unix: join(folder, "control.sock"),
    socket: {
      data(socket) {
        const size = row.length.toString(16);
        socket.write("HTTP/1.1 200 OK\r\npunch-count: 2\r\ntransfer-encoding: chunked\r\n\r\n");
        socket.write(`${size}\r\n${row}\r\n`);
        socket.end();
      },
    },
  });
  cleanups.push(() => listener.stop(true));
  return folder;
}

const BROKEN_OFF =
  "error: Cannot export: the server broke off\n" +
  "hint: Export again; the server's log says why it ended\n";

test.each(["march.csv", "march.ndjson", "march.xlsx"])("leaves no %s behind", async (name) => {
  const folder = breakOff('{"id":1}\n');
  const file = join(folder, name);
  expect(await runVerb(folder, "export", "--output", file)).toEqual({
    code: 1,
    out: "",
    error: BROKEN_OFF,
  });
  expect(readdirSync(folder)).toEqual(["control.sock"]);
});

test("tells a pipe that what came is not all", async () => {
  const folder = breakOff("id\r\n");
  expect(await runVerb(folder, "export")).toMatchObject({ code: 1, error: BROKEN_OFF });
});
