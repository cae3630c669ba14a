/** Aim: what a box knows of itself outlives it, and names what it was before. */

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { openTestStorage } from "../support/test-storage.ts";

test("the feed's epoch outlives a restart, and the histories that ended before it are told", async () => {
  using opened = openTestStorage();
  const { feedEpoch } = opened.storage;
  expect(feedEpoch).toMatch(/^[0-9a-f]{16}$/);
  expect(opened.storage.endedFeedEpochs).toEqual([]);
  const ended = { epoch: feedEpoch, endedAtMs: 1_772_500_000_000, rereadFromMs: 1_772_400_000_000 };
  await opened.reopen({}, () => {
    using database = new Database(opened.path, { strict: true });
    database.run("UPDATE box SET value = 'a-new-history' WHERE name = 'feed_epoch'");
    database.run("INSERT INTO box (name, value) VALUES ('ended_feed_epochs', ?)", [
      JSON.stringify([ended]),
    ]);
  });
  expect(opened.storage.feedEpoch).toBe("a-new-history");
  expect<readonly object[]>(opened.storage.endedFeedEpochs).toEqual([ended]);
});
