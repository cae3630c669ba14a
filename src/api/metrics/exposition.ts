/**
 * Writes families in Prometheus' text format. Loaded with the first scrape, and of its library only
 * what writes: the whole of it costs three times the memory.
 */

import Counter from "prom-client/lib/counter.js";
import Gauge from "prom-client/lib/gauge.js";
import Histogram from "prom-client/lib/histogram.js";
import Registry from "prom-client/lib/registry.js";
import type { BucketFigures } from "#base/bucket-counts.ts";
import type { Family, Sample } from "./family.ts";

/** The media type of what is written. */
export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The text of some families, with a line end behind it; empty where none has samples. */
export async function writeFamilies(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) register(registry, family);
  const text = await registry.metrics();
  return text.trim() === "" ? "" : text;
}

function register(registry: Registry, family: Family): void {
  const { name, help } = family;
  const shared = { name, help, registers: [registry] };
  if (family.type === "histogram") {
    new CountedHistogram(shared, family.figures);
    return;
  }
  const { samples } = family;
  if (samples.length === 0) return;
  const labelNames = Object.keys(samples[0]?.labels ?? {});
  if (family.type === "counter") {
    const counter = new Counter({ ...shared, labelNames });
    for (const { labels, value } of samples) counter.inc({ ...labels }, value);
    return;
  }
  const gauge = new Gauge({ ...shared, labelNames });
  for (const { labels, value } of samples) gauge.set({ ...labels }, value);
}

/** The library's histogram counts by itself; this one has its counts already. */
class CountedHistogram extends Histogram {
  readonly #configuration: HistogramConfiguration;
  readonly #figures: BucketFigures;

  constructor(configuration: HistogramConfiguration, figures: BucketFigures) {
    super(configuration);
    this.#configuration = configuration;
    this.#figures = figures;
  }

  /** What the registry asks for when it writes. */
  async getForPromString() {
    const { name, help } = this.#configuration;
    const { bounds, counts, sum } = this.#figures;
    let count = 0;
    const buckets: Sample[] = [];
    for (const [index, value] of counts.entries()) {
      count += value;
      buckets.push({ labels: { le: String(bounds[index] ?? "+Inf") }, value: count });
    }
    const values = [
      ...buckets.map((bucket) => ({ ...bucket, metricName: `${name}_bucket` })),
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help, type: "histogram", values };
  }
}

type HistogramConfiguration = ConstructorParameters<typeof Histogram>[0];
