/** Which media type a client wants (RFC 9110 12.5.1). */

/**
 * The first of `offered` among those that an `Accept` header likes best; undefined when it takes none
 * of them. Without a header any type is as good.
 */
export function acceptedType<Type extends string>(
  header: string | null,
  offered: readonly Type[],
): Type | undefined {
  if (header === null || header.trim() === "") return offered[0];
  const ranges = header.split(",").map(readRange);
  let [best, bestQuality]: [Type | undefined, number] = [undefined, 0];
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
}

interface MediaRange {
  /** In small letters, without parameters: `text/csv`, `text/*`. */
  readonly name: string;
  /** 0: not wanted, 1: wanted most. */
  readonly quality: number;
}

function readRange(text: string): MediaRange {
  const [name = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The most specific range that covers a type decides. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const [family] = type.split("/");
  for (const name of [type, `${family}/*`, "*/*"]) {
    const range = ranges.find((candidate) => candidate.name === name);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
