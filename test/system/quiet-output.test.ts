/**
 * Aim: what the executable prints while it serves are lines of its log, and nothing that a part of it
 * prints by itself. Every operation is asked for once, since parts are made when they are needed.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { startServer } from "../support/running-server.ts";

setDefaultTimeout(60_000);

const LOG_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warn|error) +[a-z-]+\.[a-z-]+( |$)/;

test("serving every operation prints log lines only", async () => {
  await using server = await startServer();
  const before = server.printed.length;
  const headers = {
    authorization: `Bearer ${await server.token()}`,
    "content-type": "application/json",
  };
  const document = await (await fetch(`${server.webUrl}/swagger/json`)).text();
  const { paths }: { paths: Record<string, Record<string, object>> } = JSON.parse(document);
  for (const [path, item] of Object.entries(paths)) {
    for (const method of ["head", "options", ...Object.keys(item)]) {
      const url = server.webUrl + path.replaceAll(/\{\w+\}/g, "1");
      const body = ["get", "head", "options", "delete"].includes(method) ? {} : { body: "{}" };
      const response = await fetch(url, { method: method.toUpperCase(), headers, ...body });
      await response.bytes();
      expect([method, path, response.status]).not.toEqual([method, path, 500]);
    }
  }
  expect(await server.stop()).toBe(0);
  const lines = server.printed.slice(before).split("\n").slice(0, -1);
  expect(lines.filter((line) => !LOG_LINE.test(line))).toEqual([]);
});
