/**
 * Reads a page of the feed, and waits for one that has something on it. Nothing that enters the feed
 * between a read and the waiting behind it is missed.
 */

import type { FeedPosition } from "#domain/identifiers.ts";
import type { Clock } from "#platform/clock.ts";
import type { ReadingTurns } from "#platform/reading-turns.ts";
import type { FeedPage, PunchFilter, Storage } from "#storage/storage.ts";
import { tokenInvalid } from "../auth.ts";
import { ApiFailure } from "../errors.ts";
import {
  WAITING_READERS_MAX,
  WAITING_READERS_PER_CLIENT_MAX,
  type WaitingReaders,
} from "./waiting-readers.ts";

/** What reading the feed takes. */
export interface FeedReading {
  readonly storage: Pick<Storage, "listPunchesAfter">;
  readonly waitingReaders: WaitingReaders;
  readonly turns: ReadingTurns;
  readonly clock: Clock;
}

/** What is wanted of the feed, and how long it may take until there is something. */
export interface FeedWish {
  readonly after: FeedPosition;
  readonly limit: number;
  readonly filter: PunchFilter;
  /** 0: whatever is there now. */
  readonly waitMs: number;
}

/** Who waits. */
export interface FeedReaderClient {
  readonly clientId: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Looks at the token anew. */
  readonly isTokenValid: () => Promise<boolean>;
  /** Called once before a wait: lets the connection be still for so long. */
  readonly allowSilence: (ms: number) => void;
}

/** After a look that found nothing, so that readers whom a busy feed never concerns cost little. */
const REST_MS = 100;
/** What a refused client may try after. */
const RETRY_AFTER_SECONDS = 5;

/**
 * The page behind `wish.after`: at once when it has punches or nobody waits, else the first that has
 * some, else an empty one that has moved on as far as was read.
 * @throws ApiFailure `too-many-waiting`; `token-invalid` when the token ended while the client waited.
 */
export async function readFeed(
  reading: FeedReading,
  wish: FeedWish,
  client: FeedReaderClient,
): Promise<FeedPage> {
  const { storage, waitingReaders } = reading;
  const { limit, filter } = wish;
  const wakeCount = waitingReaders.wakeCount;
  const page = await storage.listPunchesAfter(wish.after, limit, filter);
  if (page.punches.length > 0 || wish.waitMs === 0) return page;
  if (!waitingReaders.enter(client.clientId)) throw tooManyWaiting();
  try {
    client.allowSilence(wish.waitMs);
    const found = await waitForPage(reading, { page, wakeCount }, { wish, client });
    if (await client.isTokenValid()) return found;
    throw tokenInvalid();
  } finally {
    waitingReaders.leave(client.clientId);
  }
}

async function waitForPage(
  { storage, waitingReaders, turns, clock }: FeedReading,
  read: { readonly page: FeedPage; readonly wakeCount: number },
  { wish, client }: { readonly wish: FeedWish; readonly client: FeedReaderClient },
): Promise<FeedPage> {
  const { signal } = client;
  const deadlineMs = clock.monotonicMs() + wish.waitMs;
  let { page, wakeCount } = read;
  let restUntilMs = 0;
  for (;;) {
    // What the filter is still to be looked for in is no news, so nothing is waited for.
    if (!page.hasMore) {
      await waitingReaders.rest({ untilMs: Math.min(restUntilMs, deadlineMs), signal });
      await waitingReaders.untilWoken(wakeCount, { untilMs: deadlineMs, signal });
      restUntilMs = clock.monotonicMs() + REST_MS;
    }
    if (signal.aborted || waitingReaders.isClosed) return page;
    const isOver = clock.monotonicMs() >= deadlineMs;
    await turns.next();
    wakeCount = waitingReaders.wakeCount;
    page = await storage.listPunchesAfter(page.nextAfter, wish.limit, wish.filter);
    if (page.punches.length > 0 || isOver) return page;
  }
}

function tooManyWaiting(): ApiFailure {
  return new ApiFailure(
    "too-many-waiting",
    `Too many requests wait for punches: ${WAITING_READERS_PER_CLIENT_MAX} of one client and ` +
      `${WAITING_READERS_MAX} of all may; send it again without "wait", or later`,
    { headers: { "retry-after": String(RETRY_AFTER_SECONDS) } },
  );
}
