/**
 * Aim: whoever waits for punches hears of the first that concerns it, whenever that is stored; waits
 * no longer than it said; and costs little meanwhile, however much goes on that does not concern it.
 */

import { describe, expect, test } from "bun:test";
import { ApiFailure } from "#api/errors.ts";
import { type FeedWish, readFeed } from "#api/punches/long-poll.ts";
import {
  WAITING_READERS_MAX,
  WAITING_READERS_PER_CLIENT_MAX,
  WaitingReaders,
} from "#api/punches/waiting-readers.ts";
import { deviceId, type FeedPosition, feedPosition } from "#domain/identifiers.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import type { FeedPage, PunchFilter } from "#storage/storage.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeStorage, samplePunch } from "../fake-storage.ts";

/** A storage whose reads are counted, and in which something may happen just before or behind one. */
class WatchedStorage extends FakeStorage {
  readCount = 0;
  afterRead: () => void = () => undefined;
  /** Pages that end early, as where a filter is looked for in a long feed. */
  emptyPages: FeedPage[] = [];

  override async listPunchesAfter(
    after: FeedPosition,
    limit: number,
    filter: PunchFilter,
  ): Promise<FeedPage> {
    this.readCount += 1;
    const page = this.emptyPages.shift() ?? (await super.listPunchesAfter(after, limit, filter));
    this.afterRead();
    return page;
  }
}

class Feed {
  readonly clock = new FakeClock();
  readonly storage = new WatchedStorage();
  readonly waitingReaders = new WaitingReaders(this.clock);
  isTokenValid = true;
  readonly silences: number[] = [];

  /** A punch is committed, and everybody told. */
  store(id: number, change: Parameters<typeof samplePunch>[1] = {}): void {
    this.storage.punches.push(samplePunch(id, change));
    this.waitingReaders.wake();
  }

  read(wish: Partial<FeedWish> = {}, clientId = "hris", signal = new AbortController().signal) {
    const { storage, waitingReaders, clock } = this;
    return readFeed(
      { storage, waitingReaders, clock, turns: new ReadingTurns() },
      { after: feedPosition(0), limit: 100, filter: {}, waitMs: 30_000, ...wish },
      {
        clientId,
        signal,
        isTokenValid: async () => this.isTokenValid,
        allowSilence: (ms) => this.silences.push(ms),
      },
    );
  }
}

const ids = (page: FeedPage) => page.punches.map(({ id }) => Number(id));

/** The page, when it is there without any time passing; else undefined. */
async function atOnce(clock: FakeClock, page: Promise<FeedPage>): Promise<FeedPage | undefined> {
  await clock.advance(0);
  return Promise.race([page, Promise.resolve(undefined)]);
}

async function refusal(page: Promise<FeedPage>): Promise<string> {
  const error = await page.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return error instanceof ApiFailure ? error.code : String(error);
}

describe("readFeed()", () => {
  test("answers at once where there is something, or nobody waits", async () => {
    const feed = new Feed();
    expect(ids(await feed.read({ waitMs: 0 }))).toEqual([]);
    feed.store(1);
    expect(ids(await feed.read())).toEqual([1]);
    expect(feed.silences).toEqual([]);
    expect(feed.clock.plannedCount).toBe(0);
  });

  test("answers with the next punch, and not before", async () => {
    const feed = new Feed();
    const page = feed.read();
    await feed.clock.advance(20_000);
    expect(await atOnce(feed.clock, page)).toBeUndefined();
    feed.store(1);
    expect(ids((await atOnce(feed.clock, page)) ?? (await feed.read()))).toEqual([1]);
    expect(feed.silences).toEqual([30_000]);
    expect(feed.clock.plannedCount).toBe(0);
  });

  test("misses nothing that is stored between its read and its waiting", async () => {
    const feed = new Feed();
    feed.storage.afterRead = () => {
      feed.storage.afterRead = () => undefined;
      feed.store(1);
    };
    expect(ids(await feed.read())).toEqual([1]);
  });

  test("misses nothing that is stored while it looks whether that concerns it", async () => {
    const feed = new Feed();
    const page = feed.read({ filter: { deviceId: deviceId("D2") } });
    await feed.clock.advance(1_000);
    feed.storage.afterRead = () => {
      feed.storage.afterRead = () => undefined;
      feed.store(2, { deviceId: deviceId("D2") });
    };
    feed.store(1, { deviceId: deviceId("D1") });
    await feed.clock.advance(200);
    expect(ids(await page)).toEqual([2]);
  });

  test("ends empty when its time is over, and has moved on behind what does not concern it", async () => {
    const feed = new Feed();
    feed.storage.emptyPages = [
      { punches: [], nextAfter: feedPosition(5), hasMore: true },
      { punches: [], nextAfter: feedPosition(9), hasMore: false },
    ];
    const page = feed.read({ filter: { direction: "out" } });
    await feed.clock.advance(29_999);
    expect(await atOnce(feed.clock, page)).toBeUndefined();
    await feed.clock.advance(1);
    expect(await page).toEqual({ punches: [], nextAfter: feedPosition(9), hasMore: false });
  });

  test("looks on at once while the feed has more than it has looked through", async () => {
    const feed = new Feed();
    const more = { punches: [], hasMore: true };
    feed.storage.emptyPages = [5, 10, 15].map((at) => ({ ...more, nextAfter: feedPosition(at) }));
    feed.storage.punches.push(samplePunch(16));
    expect(ids(await feed.read())).toEqual([16]);
    expect(feed.storage.readCount).toBe(4);
  });

  test("looks ten times a second at most, however much does not concern it", async () => {
    const feed = new Feed();
    const page = feed.read({ filter: { deviceId: deviceId("D2") } });
    for (let id = 1; id <= 1_000; id += 1) {
      feed.store(id, { deviceId: deviceId("D1") });
      await feed.clock.advance(2);
    }
    expect(feed.storage.readCount).toBeLessThanOrEqual(22);
    feed.store(1_001, { deviceId: deviceId("D2") });
    await feed.clock.advance(100);
    expect(ids(await page)).toEqual([1_001]);
  });

  test("ends for a client that has gone, and gives its place back", async () => {
    const feed = new Feed();
    const gone = new AbortController();
    const pages = Array.from({ length: WAITING_READERS_PER_CLIENT_MAX }, () =>
      feed.read({}, "hris", gone.signal),
    );
    await feed.clock.advance(10);
    expect(await refusal(feed.read())).toBe("too-many-waiting");
    gone.abort();
    await Promise.all(pages);
    expect(feed.clock.plannedCount).toBe(0);
    const page = feed.read();
    feed.store(1);
    expect(ids(await page)).toEqual([1]);
  });

  test("refuses more than so many of one client and of all, but only what would wait", async () => {
    const feed = new Feed();
    const clients = WAITING_READERS_MAX / WAITING_READERS_PER_CLIENT_MAX;
    for (let client = 0; client < clients; client += 1) {
      for (let place = 0; place < WAITING_READERS_PER_CLIENT_MAX; place += 1) {
        void feed.read({}, `client ${client}`);
      }
      await feed.clock.advance(0);
      expect(await refusal(feed.read({}, `client ${client}`))).toBe("too-many-waiting");
    }
    expect(await refusal(feed.read({}, "another"))).toBe("too-many-waiting");
    expect(ids(await feed.read({ waitMs: 0 }, "another"))).toEqual([]);
    feed.store(1);
    expect(ids(await feed.read({}, "another"))).toEqual([1]);
    await feed.clock.advance(0);
    const page = feed.read({ after: feedPosition(1) }, "another");
    feed.store(2);
    expect(ids(await page)).toEqual([2]);
  });

  test("tells nothing to a client whose token has ended meanwhile", async () => {
    const feed = new Feed();
    const page = feed.read();
    await feed.clock.advance(1_000);
    feed.isTokenValid = false;
    feed.store(1);
    expect(await refusal(page)).toBe("token-invalid");
  });

  test("ends at once when the server does, and does not wait any more", async () => {
    const feed = new Feed();
    const page = feed.read();
    await feed.clock.advance(1_000);
    feed.waitingReaders.close();
    expect(await page).toEqual({ punches: [], nextAfter: feedPosition(0), hasMore: false });
    expect(ids(await feed.read())).toEqual([]);
    expect(feed.clock.plannedCount).toBe(0);
  });
});
