/**
 * A strict reader of Prometheus' text format, version 0.0.4, written from its description and not
 * from any library: every line is of a known form, every family has one `HELP` and one `TYPE` before
 * its samples, which stand together, no series is told twice, and histograms add up.
 */

/** What was told under one name. */
export interface ReadFamily {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly ReadSample[];
}

export interface ReadSample {
  /** Of a histogram with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const METRIC_NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL_NAME = "[a-zA-Z_][a-zA-Z0-9_]*";
const HELP = new RegExp(`^# HELP (${METRIC_NAME}) ((?:[^\\\\]|\\\\\\\\|\\\\n)+)$`);
const TYPE = new RegExp(`^# TYPE (${METRIC_NAME}) (counter|gauge|histogram)$`);
const LABEL = `${LABEL_NAME}="(?:[^"\\\\\\n]|\\\\["\\\\n])*"`;
const SAMPLE = new RegExp(
  `^(${METRIC_NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);
const ONE_LABEL = new RegExp(`(${LABEL_NAME})="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"`, "g");

/** @throws Error with the line that breaks a rule. */
export function readExposition(text: string): ReadonlyMap<string, ReadFamily> {
  const families = new Map<string, ReadFamily>();
  if (text.includes("\r") || !text.endsWith("\n")) throw new Error("Lines must end with LF");
  const lines = text.split("\n").slice(0, -1);
  for (let index = 0; index < lines.length; ) {
    if (lines[index] === "") {
      index += 1;
      continue;
    }
    const [, name = "", help = ""] = match(HELP, lines[index]);
    const [, typedName, type] = match(TYPE, lines[index + 1]);
    if (typedName !== name || families.has(name)) throw new Error(`Not one family: ${name}`);
    index += 2;
    const samples: ReadSample[] = [];
    while (index < lines.length && lines[index] !== "" && lines[index]?.startsWith("#") !== true) {
      samples.push(readSample(lines[index], name));
      index += 1;
    }
    const family = { type: typeOf(type), help, samples };
    check(name, family);
    families.set(name, family);
  }
  return families;
}

/** The value of a series, told by its labels. @throws Error where there is none. */
export function readValue(
  families: ReadonlyMap<string, ReadFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = JSON.stringify(sorted(labels));
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  const found = family?.samples.find(
    (sample) => sample.name === name && JSON.stringify(sorted(sample.labels)) === wanted,
  );
  if (found === undefined) throw new Error(`No series ${name}${wanted}`);
  return found.value;
}

function readSample(line: string | undefined, family: string): ReadSample {
  const [, name = "", labelsText = "", value = ""] = match(SAMPLE, line);
  if (name.replace(/_(bucket|sum|count)$/, "") !== family && name !== family) {
    throw new Error(`A sample outside of its family: ${line}`);
  }
  const pairs = [...labelsText.matchAll(ONE_LABEL)].map(
    ([, label = "", text = ""]) => [label, unescapeText(text)] as const,
  );
  const labels = Object.fromEntries(pairs);
  if (Object.keys(labels).length !== pairs.length) throw new Error(`A label twice: ${line}`);
  return { name, labels, value: Number(value) };
}

function unescapeText(text: string): string {
  return text.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
}

function check(name: string, { type, samples }: ReadFamily): void {
  if (samples.length === 0) throw new Error(`No samples of ${name}`);
  const series = samples.map((one) => `${one.name}${JSON.stringify(sorted(one.labels))}`);
  if (new Set(series).size !== series.length) throw new Error(`A series of ${name} twice`);
  if (type === "counter" && samples.some(({ value }) => value < 0)) throw new Error(`${name} < 0`);
  if (type !== "histogram") {
    if (samples.some((one) => one.name !== name)) throw new Error(`A foreign sample in ${name}`);
    return;
  }
  const buckets = samples.filter((one) => one.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) =>
    labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le),
  );
  const isRising = (values: readonly number[], isStrict: boolean) =>
    values.every((value, at) => at === 0 || value - (values[at - 1] ?? 0) >= (isStrict ? 1e-9 : 0));
  const counts = buckets.map(({ value }) => value);
  const total = samples.find((one) => one.name === `${name}_count`)?.value;
  const hasSum = samples.some((one) => one.name === `${name}_sum`);
  if (!isRising(bounds, true) || !isRising(counts, false)) throw new Error(`${name} falls`);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== total || !hasSum) {
    throw new Error(`${name} does not add up`);
  }
}

function typeOf(text: string | undefined): ReadFamily["type"] {
  return text === "counter" || text === "histogram" ? text : "gauge";
}

function match(pattern: RegExp, line: string | undefined): RegExpExecArray {
  const found = pattern.exec(line ?? "");
  if (found === null) throw new Error(`Not Prometheus text: ${line}`);
  return found;
}

function sorted(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1));
}
