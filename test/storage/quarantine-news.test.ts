/** Aim: each kind of trouble is told at once, then once in ten minutes with its count; never too much. */

import { describe, expect, test } from "bun:test";
import { epochMs } from "#base/epoch.ts";
import { QuarantineNews } from "#storage/quarantine-news.ts";

const START_MS = Date.UTC(2026, 2, 2);
const MINUTE_MS = 60_000;
const at = (minutes: number) => epochMs(START_MS + minutes * MINUTE_MS);
const thing = (code: string, device = "GATE") => ({
  deviceId: device,
  name: null,
  address: "192.0.2.7",
  code,
  reason: "why",
});
const told = (events: ReturnType<QuarantineNews["note"]>) =>
  events.map(({ data }) => `${data.device_id} ${data.code} ${data.count}`);

describe("QuarantineNews", () => {
  test("tells of each terminal and code apart", () => {
    const news = new QuarantineNews();
    expect(told(news.note(thing("a"), at(0)))).toEqual(["GATE a 1"]);
    expect(told(news.note(thing("b"), at(0)))).toEqual(["GATE b 1"]);
    expect(told(news.note(thing("a", "DOOR"), at(0)))).toEqual(["DOOR a 1"]);
    expect(told(news.note(thing("a", ""), at(0)))).toEqual(["null a 1"]);
    expect(told(news.note(thing("a"), at(1)))).toEqual([]);
  });

  test("while it goes on, tells once in ten minutes how many it were", () => {
    const news = new QuarantineNews();
    news.note(thing("a"), at(0));
    for (let minute = 1; minute <= 9; minute += 1) news.note(thing("a"), at(minute));
    expect(told(news.takeDue(at(9)))).toEqual([]);
    expect(told(news.takeDue(at(10)))).toEqual(["GATE a 9"]);
    news.note(thing("a"), at(11));
    expect(told(news.takeDue(at(19)))).toEqual([]);
    expect(told(news.takeDue(at(20)))).toEqual(["GATE a 1"]);
    expect(told(news.takeDue(at(30)))).toEqual([]);
    expect(told(news.note(thing("a"), at(31)))).toEqual(["GATE a 1"]);
  });

  test("goes on after a clock that was set back", () => {
    const news = new QuarantineNews();
    news.note(thing("a"), at(1_000));
    news.note(thing("a"), at(0));
    expect(told(news.takeDue(at(0)))).toEqual(["GATE a 1"]);
  });

  test("remembers 256 kinds, and tells of the oldest before it forgets it", () => {
    const news = new QuarantineNews();
    for (let code = 0; code < 256; code += 1) news.note(thing(String(code)), at(0));
    news.note(thing("0"), at(0));
    expect(told(news.note(thing("new"), at(1)))).toEqual(["GATE 0 1", "GATE new 1"]);
    expect(told(news.note(thing("newer"), at(1)))).toEqual(["GATE newer 1"]);
    expect(news.state.size).toBe(256);
  });

  test("takes back what a rollback undoes", () => {
    const news = new QuarantineNews();
    news.note(thing("a"), at(0));
    const { state } = news;
    news.note(thing("a"), at(1));
    news.note(thing("b"), at(1));
    news.restore(state);
    expect(told(news.note(thing("b"), at(1)))).toEqual(["GATE b 1"]);
    expect(told(news.takeDue(at(10)))).toEqual([]);
  });
});
