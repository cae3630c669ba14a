// Aim: each deadline counts only the time in which the peer, or our own lack of room, is what is
// waited for.

import { describe, expect, test } from "bun:test";
import { type ConnectionActivity, Deadlines } from "#devices/deadlines.ts";

const LIMITS = { idleTimeoutMs: 60, requestTimeoutMs: 30 };

const IDLE: ConnectionActivity = {
  isMidRequest: false,
  isRead: true,
  waitsForRoom: false,
  owesReply: false,
  hasUnsentBytes: false,
  lingerMs: undefined,
};
const READING = { ...IDLE, isMidRequest: true };
const WAITING_FOR_ROOM = { ...READING, isRead: false, waitsForRoom: true };
/** Too many requests wait for their outcome. */
const HELD_BACK = { ...READING, isRead: false, owesReply: true };

/** What is over at `nowMs`, when each activity began at its time. */
function overrunAt(nowMs: number, ...course: readonly (readonly [number, ConnectionActivity])[]) {
  const deadlines = new Deadlines(LIMITS, 0);
  for (const [sinceMs, activity] of course) deadlines.note(activity, sinceMs);
  return deadlines.findOverrun(nowMs);
}

describe("Deadlines.findOverrun()", () => {
  test("findOverrun() is idle from the start", () => {
    expect(overrunAt(59)).toBeUndefined();
    expect(overrunAt(60)).toBe("idle");
  });

  test("findOverrun() counts idle time from the last thing that happened", () => {
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.restartIdle();
    deadlines.note(IDLE, 50);
    expect(deadlines.findOverrun(109)).toBeUndefined();
    expect(deadlines.findOverrun(110)).toBe("idle");
  });

  test("findOverrun() finds nobody idle who waits for an outcome", () => {
    expect(overrunAt(1_000, [5, { ...IDLE, owesReply: true }])).toBeUndefined();
    expect(overrunAt(1_060, [5, { ...IDLE, owesReply: true }], [1_000, IDLE])).toBe("idle");
  });

  test("findOverrun() counts a request from its first byte, whatever trickles in", () => {
    expect(overrunAt(34, [5, READING], [20, READING])).toBeUndefined();
    expect(overrunAt(35, [5, READING], [20, READING])).toBe("slow-request");
  });

  test("findOverrun() gives each request its own time", () => {
    expect(overrunAt(60, [5, READING], [30, IDLE], [31, READING])).toBeUndefined();
    const deadlines = new Deadlines(LIMITS, 0);
    deadlines.note(READING, 5);
    deadlines.restartRequest(); // the end of one and the beginning of the next in one chunk
    deadlines.note(READING, 30);
    expect(deadlines.findOverrun(59)).toBeUndefined();
    expect(deadlines.findOverrun(60)).toBe("slow-request");
  });

  test("findOverrun() counts no time in which we do not read against the peer", () => {
    expect(overrunAt(1_000, [0, READING], [20, HELD_BACK])).toBeUndefined();
    expect(overrunAt(1_009, [0, READING], [20, HELD_BACK], [1_000, READING])).toBeUndefined();
    expect(overrunAt(1_010, [0, READING], [20, HELD_BACK], [1_000, READING])).toBe("slow-request");
  });

  test("findOverrun() bounds the wait for room, over all waits of a request", () => {
    const course = [
      [0, READING],
      [10, WAITING_FOR_ROOM],
      [25, READING],
      [40, WAITING_FOR_ROOM],
    ] as const;
    expect(overrunAt(54, ...course)).toBeUndefined();
    expect(overrunAt(55, ...course)).toBe("buffers-full");
    expect(overrunAt(55, ...course, [54, IDLE])).toBeUndefined();
  });

  test("findOverrun() bounds how long replies stay unread, from the first byte left", () => {
    const unread = { ...IDLE, owesReply: true, hasUnsentBytes: true };
    expect(overrunAt(34, [5, unread], [20, unread])).toBeUndefined();
    expect(overrunAt(35, [5, unread], [20, unread])).toBe("unread-reply");
    expect(overrunAt(64, [5, unread], [34, IDLE], [35, unread])).toBeUndefined();
  });

  test("findOverrun() bounds the time after our half is shut, and nothing else then", () => {
    const shut = { ...IDLE, lingerMs: 2 };
    expect(overrunAt(59, [58, shut])).toBeUndefined();
    expect(overrunAt(60, [58, shut])).toBe("linger");
    expect(overrunAt(999, [58, { ...IDLE, lingerMs: 1_000 }])).toBeUndefined();
  });
});
