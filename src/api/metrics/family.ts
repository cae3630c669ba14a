/** A family of figures in Prometheus' sense, and short ways to write one. Knows no text format. */

import type { BucketFigures } from "#base/bucket-counts.ts";

/** One value; without labels it is the only one of its family. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Figures of one name. Without samples it is not told at all. */
export type Family = {
  readonly name: string;
  /** One sentence without a full stop, for whoever writes an alert. */
  readonly help: string;
} & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
  | { readonly type: "histogram"; readonly figures: BucketFigures }
);

type Values = number | boolean | undefined | readonly Sample[];

/** What may rise and fall; undefined: not known. */
export function gauge(name: string, help: string, values: Values): Family {
  return { type: "gauge", name, help, samples: samplesOf(values) };
}

/** What only rises while the process lasts. */
export function counter(name: string, help: string, values: Values): Family {
  return { type: "counter", name, help, samples: samplesOf(values) };
}

export function histogram(name: string, help: string, figures: BucketFigures): Family {
  return { type: "histogram", name, help, figures };
}

/** A sample for each count, told apart by one label. */
export function countsBy(
  label: string,
  counts: Readonly<Partial<Record<string, number>>>,
): readonly Sample[] {
  return Object.entries(counts).flatMap(([word, value]) =>
    value === undefined ? [] : [{ labels: { [label]: word }, value }],
  );
}

function samplesOf(values: Values): readonly Sample[] {
  if (values === undefined) return [];
  if (typeof values === "object") return values;
  return [{ labels: {}, value: Number(values) }];
}
