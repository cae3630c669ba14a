/**
 * The rows of the benchmark's table, their limits (those of the design), and how they are printed.
 */

/** What a measure must reach and what it aims at. */
export interface Limit {
  /**
   * `most`: the value may be this. `least`: it must be this. `least-of-bare`: it must be this share
   * of bare's value.
   */
  readonly kind: "least-of-bare" | "least" | "most";
  /** In the row's unit, or a share (0-1) of bare. */
  readonly floor: number;
  /** In the row's unit. */
  readonly aim: number;
}

/** One measure. */
export interface Row {
  readonly what: string;
  /** `x`: a ratio. */
  readonly unit: "/s" | "s" | "ms" | "B" | "MiB" | "x";
  readonly ours: number;
  /** Undefined where bare has nothing to compare. */
  readonly bare: number | undefined;
  readonly limit: Limit | undefined;
}

const LIMITS: Readonly<Record<string, Limit>> = {
  "punches/s, 100 terminals, connection per punch": {
    kind: "least-of-bare",
    floor: 0.5,
    aim: 40 * 336,
  },
  "ack p99, 16 terminals, connection per punch": { kind: "most", floor: 10, aim: 5 },
  "ack p99, 100 terminals, connection per punch": { kind: "most", floor: 20, aim: 10 },
  "memory, idle (RSS)": { kind: "most", floor: 60, aim: 55 },
  "memory, peak under load (RSS)": { kind: "most", floor: 150, aim: 100 },
  "write-ahead log, a slow reader of 1000 k rows": { kind: "most", floor: 16, aim: 8 },
  "write-ahead log, a slow export of 1000 k rows": { kind: "most", floor: 16, aim: 8 },
  "webhook deliveries/s, 10 terminals, all waiting": { kind: "least", floor: 1000, aim: 3000 },
  "live message behind its punch, 1000 k messages waiting": { kind: "most", floor: 1000, aim: 100 },
  "memory, peak, 1000 k messages waiting (RSS)": { kind: "most", floor: 150, aim: 100 },
  "import of 1000000 punches": { kind: "most", floor: 60, aim: 40 },
  "start to first HTTP answer": { kind: "most", floor: 150, aim: 80 },
};

/** Of reading, by the name that the measures of one kind begin with, at a million rows. */
const PAGE_LIMITS: readonly (readonly [start: string, limit: Limit])[] = [
  ["logs, ", { kind: "most", floor: 10, aim: 5 }],
  ["feed, ", { kind: "most", floor: 5, aim: 2 }],
  ["export, ", { kind: "least", floor: 300_000, aim: 1_000_000 }],
];

/** Of messages that wait: what they may cost the terminals. */
const BACKLOG_LIMIT: Limit = { kind: "most", floor: 1.25, aim: 1.1 };

const HEADINGS = ["", "ours", "bare", "ours/bare", "floor", "aim", ""];

/** The limit of the measure of this name; most have none. */
export function limitOf(what: string): Limit | undefined {
  if (LIMITS[what] !== undefined) return LIMITS[what];
  if (/1000 k messages waiting.*, to none$/.test(what)) return BACKLOG_LIMIT;
  if (!what.includes("1000 k rows")) return undefined;
  return PAGE_LIMITS.find(([start]) => what.startsWith(start))?.[1];
}

/** The middle one of the values, the upper of two; not a number where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Formats all rows as one table for people. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(formatRow)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `floor`, `aim` or `missed`: how far a row came; undefined where it has no limit. */
export function verdictOf(row: Row): "aim" | "floor" | "missed" | undefined {
  const { limit, ours, bare } = row;
  if (limit === undefined) return undefined;
  if (limit.kind === "most") {
    if (ours <= limit.aim) return "aim";
    return ours <= limit.floor ? "floor" : "missed";
  }
  const floor = limit.kind === "least" ? limit.floor : limit.floor * (bare ?? Number.NaN);
  if (ours < floor) return "missed";
  return ours >= limit.aim ? "aim" : "floor";
}

function formatRow(row: Row): string[] {
  const { limit, ours, bare, unit } = row;
  const value = (number: number): string => `${formatNumber(number)} ${unit}`;
  return [
    row.what,
    value(ours),
    bare === undefined ? "" : value(bare),
    bare === undefined ? "" : (ours / bare).toFixed(2),
    limit === undefined ? "" : formatFloor(limit, value),
    limit === undefined ? "" : `${limit.kind === "most" ? "<=" : ">="} ${value(limit.aim)}`,
    verdictOf(row) ?? "",
  ];
}

function formatFloor(limit: Limit, value: (number: number) => string): string {
  if (limit.kind === "least-of-bare") return `>= ${limit.floor} of bare`;
  return `${limit.kind === "most" ? "<=" : ">="} ${value(limit.floor)}`;
}

function formatNumber(number: number): string {
  if (Number.isNaN(number)) return "?";
  return number >= 100 ? String(Math.round(number)) : number.toFixed(2);
}
