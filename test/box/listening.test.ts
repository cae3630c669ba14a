/** Aim: who holds a port is told from the kernel's tables. */

import { describe, expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { findPortHolder, listeningInodes } from "#box/listening.ts";
import { findFreePort } from "../support/running-server.ts";

/** From a machine; 1B5D is 7005. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1B5D 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41001 1 0 100
   1: 0100007F:1B5D 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 41002 1 0 100
   2: 0100007F:C001 0100007F:1B5D 01 00000000:00000000 00:00000000 00000000     0        0 41003 1 0 100
   3: 0100007F:13BA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41004 1 0 100
`;

describe("listeningInodes()", () => {
  test("finds listeners of the port, and no connections", () => {
    expect(listeningInodes(TABLE, 7005)).toEqual(["41001"]);
    expect(listeningInodes(TABLE, 5050)).toEqual(["41004"]);
    expect(listeningInodes(TABLE, 443)).toEqual([]);
  });
});

describe("findPortHolder()", () => {
  test("finds this very process behind a port of its own, and nobody behind a free one", () => {
    const port = findFreePort();
    expect(findPortHolder(port)).toBeUndefined();
    const listener = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    const holder = findPortHolder(port);
    listener.stop(true);
    expect(holder?.pid).toBe(process.pid);
    expect(holder?.isOf("biometric-server.service")).toBe(false);
  });

  test("finds the holder although another of its files was closed meanwhile", () => {
    // The look itself opens a file under the number that is free below the listener's.
    const lower = openSync("/dev/null", "r");
    const port = findFreePort();
    const listener = Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } });
    closeSync(lower);
    const holder = findPortHolder(port);
    listener.stop(true);
    expect(holder?.pid).toBe(process.pid);
  });
});
