/**
 * Aim: large uploads, however many, take neither the memory of the box nor the turn of a terminal
 * that sends a punch in pieces.
 */

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { type RunningServer, startServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";
import { ACKNOWLEDGEMENT, punchRequest, TerminalSocket } from "./terminal-socket.ts";

setDefaultTimeout(60_000);

const MEBIBYTE = 1024 * 1024;
const MEMORY_BYTES_MAX = 256 * MEBIBYTE;
const UPLOAD_BYTES = 16_000_000;
/** So that no upload ends while the test looks. */
const SETTINGS = { DEVICE_REQUEST_TIMEOUT_SECONDS: "3600" };

describe("large uploads to the executable", () => {
  test("four of 16 MB stand, and punches in two pieces are acknowledged meanwhile", async () => {
    await using server = await startServer({ settings: SETTINGS });
    const uploads = await beginUploads(server, 4);
    await eventuallyTold(server, "terminal.upload-waits");
    await expectServedInPieces(server, 5);
    expect(uploads.filter(({ hasEnded }) => !hasEnded).length).toBeGreaterThan(0);
    for (const upload of uploads) upload.reset();
    expect(await server.listPunches()).toHaveLength(5);
  });

  test("500 push 16 MB each at once, memory is bounded and terminals are served", async () => {
    const settings = { ...SETTINGS, DEVICE_CONNECTIONS_PER_ADDRESS_MAX: "1000" };
    await using server = await startServer({ settings });
    const uploads = await beginUploads(server, 500);
    await eventuallyTold(server, "terminal.buffers-full");
    const report = await simulate(server, "--terminals", "10", "--punches", "20");
    expect(report).toMatchObject({ acknowledged: 200, unacknowledged: 0, closedWithoutReply: 0 });
    await expectServedInPieces(server, 5);
    expect(await server.listPunches()).toHaveLength(205);

    const standing = uploads.filter(({ hasEnded }) => !hasEnded);
    expect(standing.length).toBeGreaterThan(0);
    for (const upload of standing) upload.finish();
    await eventually("every upload ends", () => standing.every(({ hasEnded }) => hasEnded));
    expect(standing.filter(({ isAnswered }) => isAnswered).length).toBeGreaterThan(0);
    expect(peakMemoryBytes(server)).toBeLessThan(MEMORY_BYTES_MAX);
    expect(await server.stop()).toBe(0);
  });
});

async function eventuallyTold(server: RunningServer, event: string): Promise<void> {
  await eventually(`a line ${event}`, () => server.logLines(event).length > 0);
}

/** Punches whose head and body come apart: the first is looked at before the second leaves. */
async function expectServedInPieces(server: RunningServer, count: number): Promise<void> {
  for (let user = 1; user <= count; user += 1) {
    const punch = { device: "PIECES", user: String(user), wallTime: "20260302081504" };
    const bytes = punchRequest(punch);
    const headBytes = bytes.indexOf("\r\n\r\n") + 4;
    const socket = await TerminalSocket.connect(server.terminalPort);
    socket.send(bytes.subarray(0, headBytes));
    // The server's one loop has taken the head by the time it answers this.
    await fetch(`${server.webUrl}/readyz`);
    socket.send(bytes.subarray(headBytes));
    expect(await socket.answer).toBe(ACKNOWLEDGEMENT);
  }
}

/** The most memory the server ever had, in bytes: proc_pid_status(5). */
function peakMemoryBytes(server: RunningServer): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Connects all, then lets all begin at once. */
async function beginUploads(server: RunningServer, count: number): Promise<readonly LargeUpload[]> {
  const uploads: LargeUpload[] = [];
  while (uploads.length < count) uploads.push(await LargeUpload.connect(server.terminalPort));
  for (const upload of uploads) upload.begin();
  return uploads;
}

/** A body of no known kind, kept whole, pushed as fast as it is taken; the last byte waits. */
class LargeUpload {
  static readonly #piece = Buffer.alloc(MEBIBYTE, "a");
  #socket: Bun.Socket | undefined;
  #unsent: Uint8Array;
  #leftBytes = UPLOAD_BYTES - 1;
  isAnswered = false;
  /** The server closed. */
  hasEnded = false;

  private constructor() {
    this.#unsent = Buffer.from(
      `POST / HTTP/1.0\r\ndev_id: LARGE\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`,
    );
  }

  static async connect(port: number): Promise<LargeUpload> {
    const upload = new LargeUpload();
    const data = (): void => {
      upload.isAnswered = true;
    };
    const end = (): void => {
      upload.hasEnded = true;
    };
    upload.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data, drain: () => upload.begin(), end, close: end, error: end },
    });
    return upload;
  }

  /** Sends as much as is taken at once. */
  begin(): void {
    while (!this.hasEnded && this.#leftBytes + this.#unsent.length > 0) {
      if (this.#unsent.length === 0) {
        this.#unsent = LargeUpload.#piece.subarray(0, this.#leftBytes);
        this.#leftBytes -= this.#unsent.length;
      }
      const takenBytes = this.#socket?.write(this.#unsent) ?? 0;
      if (takenBytes <= 0) return;
      this.#unsent = this.#unsent.subarray(takenBytes);
    }
  }

  /** Lets the last byte go. */
  finish(): void {
    this.#leftBytes += 1;
    this.begin();
  }

  reset(): void {
    this.#socket?.terminate();
  }
}
