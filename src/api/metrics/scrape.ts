/**
 * Makes the text of a scrape, group by group, with a turn of the loop between two, so that terminals
 * are served however much there is to tell. Whoever asks meanwhile gets the same text.
 */

import { nextTurn } from "#platform/next-turn.ts";
import { FAMILY_GROUPS } from "./families.ts";
import type { MetricsSource } from "./source.ts";

/** A text and its media type. */
export interface Exposition {
  readonly text: string;
  readonly contentType: string;
}

/** Makes what answers scrapes. */
export function createScrape(source: MetricsSource): () => Promise<Exposition> {
  let running: Promise<Exposition> | undefined;
  return () => {
    running ??= scrape(source).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function scrape(source: MetricsSource): Promise<Exposition> {
  // Seldom used, and memory that only a server which is scraped needs.
  const { EXPOSITION_TYPE, writeFamilies } = await import("./exposition.ts");
  const texts: string[] = [];
  for (const readGroup of FAMILY_GROUPS) {
    for (const family of await readGroup(source)) {
      texts.push(await writeFamilies([family]));
      await nextTurn();
    }
  }
  return { text: texts.join(""), contentType: EXPOSITION_TYPE };
}
