/** What readers ask of the punches, wired to the connection that reads. */

import type { Database } from "bun:sqlite";
import type { Clock } from "#platform/clock.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import { FEED_POSITIONS_PER_READ, FeedReader } from "./feed-reader.ts";
import { LOG_BOUNDS, LogReader } from "./log-reader.ts";
import type { Storage } from "./storage.ts";

/** The part of the storage that reads punches. */
export function punchReading(
  reader: Database,
  clock: Clock,
): Pick<
  Storage,
  "listPunchesAfter" | "findPunch" | "listLogs" | "countLogs" | "summarizeLogs" | "listPunchedUsers"
> {
  const turns = new ReadingTurns();
  const feed = new FeedReader(reader, { turns, positionsPerRead: FEED_POSITIONS_PER_READ });
  const logs = new LogReader(reader, { turns, clock, bounds: LOG_BOUNDS });
  return {
    listPunchesAfter: (after, limit, filter) => feed.page(after, { limit, filter }),
    findPunch: async (id) => feed.find(id),
    listLogs: (filter, page) => logs.list(filter, page),
    countLogs: (filter) => logs.count(filter),
    summarizeLogs: (period) => logs.summarize(period),
    listPunchedUsers: (device) => logs.listUsers(device),
  };
}
