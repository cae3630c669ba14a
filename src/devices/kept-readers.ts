/** Who reads what is kept of each protocol once more. Adding a protocol is a line here. */

import { fkwebKeptReader } from "./fkweb/kept.ts";
import type { KeptReader } from "./kept-request.ts";
import { rtlogKeptReader } from "./rtlog/kept.ts";

const READERS: readonly KeptReader[] = [fkwebKeptReader, rtlogKeptReader];

/** The reader of a driver's bytes; undefined where no driver claimed them. */
export function findKeptReader(driver: string): KeptReader | undefined {
  return READERS.find((reader) => reader.driver === driver);
}
