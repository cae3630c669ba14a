/** The original's lists of logs, in its shapes, with their filters done in the database. */

import { Elysia } from "elysia";
import type { ExpectedUsers } from "#domain/user.ts";
import type { PunchFilter, Storage } from "#storage/storage.ts";
import { type BearerGateOptions, bearerGate, type TokenHolder } from "../../auth.ts";
import { failingAs, ORIGINAL_REFUSALS, OriginalError, originalErrorAs } from "../../errors.ts";
import type { LongTexts } from "../../long-text.ts";
import { answerList, answerListHead } from "../long-answer.ts";
import {
  BIOMETRIC_LOGS_PATH,
  biometricLogs,
  HRIS_LOGS,
  HRIS_LOGS_PATH,
  type LogCounts,
  type LogFamily,
  PLAIN_LOGS,
  PLAIN_LOGS_PATH,
} from "./families.ts";
import { LogPages } from "./log-pages.ts";
import { type LogSite, lenientParameters, readLogQuery } from "./log-query.ts";

import {
  LogAnswer,
  LogQuery,
  PlainLogAnswer,
  PlainLogQuery,
  RawLogAnswer,
  RawLogQuery,
} from "./model.ts";

/** What the routes need. */
export interface LogRoutesOptions extends LogSite {
  readonly storage: Pick<Storage, "listLogs" | "countLogs" | "figures">;
  readonly gate: BearerGateOptions;
  readonly longTexts: LongTexts;
  readonly expectedUsers: ExpectedUsers | undefined;
}

const FAILED = "Failed to retrieve logs";
const REFUSALS = {
  400: OriginalError,
  ...ORIGINAL_REFUSALS,
  500: originalErrorAs("internal", FAILED),
};
const HIDDEN = { detail: { hide: true } };

/** The routes, behind a token that may read. */
export function logRoutes(options: LogRoutesOptions) {
  const answer = createAnswerer(options);
  const biometric = biometricLogs(options.primaryDeviceId, options.expectedUsers);
  return new Elysia({ name: "original-logs" })
    .use(bearerGate(options.gate, "read"))
    .get(BIOMETRIC_LOGS_PATH, (context) => answer(biometric, context), {
      query: LogQuery,
      detail: dayListDetail("Attendance records, latest first"),
      response: { 200: LogAnswer, ...REFUSALS },
    })
    .get(HRIS_LOGS_PATH, (context) => answer(HRIS_LOGS, context), {
      query: RawLogQuery,
      detail: dayListDetail("Attendance records as rows, latest first"),
      response: { 200: RawLogAnswer, ...REFUSALS },
    })
    .get(PLAIN_LOGS_PATH, (context) => answer(PLAIN_LOGS, context), {
      query: PlainLogQuery,
      detail: {
        tags: ["Original"],
        summary: "Attendance records as rows, latest first, of one terminal or all",
      },
      response: { 200: PlainLogAnswer, ...REFUSALS },
    })
    .head(BIOMETRIC_LOGS_PATH, ({ request }) => answerHead(biometric, request, options), HIDDEN)
    .head(HRIS_LOGS_PATH, ({ request }) => answerHead(HRIS_LOGS, request, options), HIDDEN)
    .head(PLAIN_LOGS_PATH, ({ request }) => answerHead(PLAIN_LOGS, request, options), HIDDEN);
}

function dayListDetail(summary: string) {
  return {
    tags: ["Original"],
    summary,
    description: "Days are those of the site's time zone.",
  };
}

function createAnswerer(options: LogRoutesOptions) {
  const { storage, longTexts } = options;
  return async (family: LogFamily, { request, isTokenValid }: TokenHolder): Promise<Response> => {
    const selection = readLogQuery(lenientParameters(request.url, family.parameters), options);
    return failingAs({ message: FAILED }, async () => {
      const counts = await countLogs(storage, selection.filter);
      return answerList(longTexts, {
        path: family.path,
        opening: family.spellCounts(counts),
        listName: "logs",
        pages: new LogPages(storage, selection, family.spell),
        isTokenValid,
      });
    });
  };
}

function answerHead(family: LogFamily, request: Request, site: LogSite): Response {
  readLogQuery(lenientParameters(request.url, family.parameters), site);
  return answerListHead();
}

async function countLogs(
  storage: Pick<Storage, "countLogs" | "figures">,
  filter: PunchFilter,
): Promise<LogCounts> {
  const total = (await storage.figures()).punchCount;
  const isWhole = Object.values(filter).every((value) => value === undefined);
  return { total, total_filtered: isWhole ? total : await storage.countLogs(filter) };
}
