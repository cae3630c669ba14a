/** An export on the control socket: the punches of some days as rows, streamed in the feed's order. */

import { Elysia } from "elysia";
import { deviceId } from "#domain/identifiers.ts";
import { canonicalUserId, type LeadingZeros } from "#domain/punch-identity.ts";
import { siteDayRange } from "#domain/site-day.ts";
import type { ExpectedUsers } from "#domain/user.ts";
import type { Log } from "#platform/log.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import type { PunchFilter, Storage } from "#storage/storage.ts";
import { ApiFailure } from "../../errors.ts";
import { streamText } from "../../long-text.ts";
import { FEED_START } from "../../paging.ts";
import { Places } from "../../places.ts";
import { FeedRows } from "../../punches/feed-rows.ts";
import { createRowWriter } from "../../punches/row-writer.ts";
import { strictParameters, strictWord } from "../../query-text.ts";
import { readDate } from "../devices/read-change.ts";

/** What the exports' part works on. */
export interface ExportControlOptions {
  readonly storage: Pick<
    Storage,
    "feedEpoch" | "figures" | "findDevice" | "listPunchesAfter" | "countLogs"
  >;
  readonly log: Log;
  readonly leadingZeros: LeadingZeros;
  /** IANA zone of the days. */
  readonly siteTimeZone: string;
  readonly expectedUsers: ExpectedUsers | undefined;
}

/** Says how many rows come, as far as nothing changes meanwhile. */
export const EXPORT_COUNT_HEADER = "punch-count";

const PARAMETERS = ["format", "from", "to", "device", "user", "direction"] as const;
const PATH = "/export";
const EXPORTS_MAX = 2;

/** `GET /export?format=csv|ndjson&from=&to=&device=&user=&direction=`: days of the site's calendar. */
export function exportControl(options: ExportControlOptions) {
  const { storage, log, expectedUsers } = options;
  const shared = { log, turns: new ReadingTurns(), places: new Places(EXPORTS_MAX) };
  return new Elysia({ name: "control-export", strictPath: true }).get(PATH, async ({ request }) => {
    const { format, filter } = await readWish(options, request.url);
    const { lastFeedPosition: until } = await storage.figures();
    const count = await storage.countLogs(filter);
    const writer = await createRowWriter(format, {
      feedEpoch: storage.feedEpoch,
      expectedUsers,
    });
    const body = streamText(shared, {
      path: PATH,
      start: writer.head,
      pages: new FeedRows(storage, writer, { after: FEED_START, until, filter }),
      isTokenValid: () => Promise.resolve(true),
    });
    return new Response(body, { headers: { [EXPORT_COUNT_HEADER]: String(count) } });
  });
}

async function readWish(
  { storage, leadingZeros, siteTimeZone }: ExportControlOptions,
  url: string,
) {
  const given = strictParameters(url, PARAMETERS);
  const format = strictWord("format", given.get("format"), ["csv", "ndjson"]) ?? "csv";
  const user = given.get("user");
  const device = given.get("device");
  if (device !== undefined) await requireDevice(storage, device);
  const [from, to] = [readDate("from", given.get("from")), readDate("to", given.get("to"))];
  if (from !== undefined && to !== undefined && to < from) {
    const message = `The last day, ${to}, is before the first, ${from}`;
    throw new ApiFailure("parameter-invalid", message, { parameters: ["from", "to"] });
  }
  const filter: PunchFilter = {
    ...siteDayRange(from, to, siteTimeZone),
    deviceId: device === undefined ? undefined : deviceId(device),
    userId: user === undefined ? undefined : canonicalUserId(user, leadingZeros),
    direction: strictWord("direction", given.get("direction"), ["in", "out"]),
  };
  return { format, filter } as const;
}

async function requireDevice(storage: Pick<Storage, "findDevice">, id: string): Promise<void> {
  if ((await storage.findDevice(deviceId(id))) !== undefined) return;
  const shown = JSON.stringify(id.slice(0, 64));
  throw new ApiFailure("not-found", `No terminal has the id ${shown}: see "devices list"`);
}
