/** Findings as text for people. Pure. */

import type { Finding, FindingGroup, FindingState } from "./finding.ts";

const WIDTH = 100;
const INDENT = "  ";

const LABELS: Readonly<Record<FindingState, string>> = {
  ok: "ok",
  warning: "WARNING",
  fault: "FAULT",
  skipped: "skipped",
};

/** Lines without the last line end: each group, then the count of each state. */
export function describeFindings(groups: readonly FindingGroup[]): string {
  const all = groups.flatMap(({ findings }) => findings);
  const checkWidth = Math.max(...all.map(({ check }) => check.length));
  const blocks = groups
    .filter(({ findings }) => findings.length > 0)
    .map(({ heading, findings }) =>
      [heading, ...findings.flatMap((finding) => describeFinding(finding, checkWidth))].join("\n"),
    );
  return [...blocks, describeCounts(all)].join("\n\n");
}

function describeFinding(finding: Finding, checkWidth: number): readonly string[] {
  const { check, state, found, wanted, fix } = finding;
  const label = `${INDENT}${LABELS[state].padEnd(7)}  `;
  const head = `${label}${check.padEnd(checkWidth)}  `;
  const further = [
    ...(wanted === undefined ? [] : wrapped(`wanted: ${wanted}`, label.length)),
    // In one line, so that a command can be copied.
    ...(fix === undefined ? [] : [printable(`fix: ${fix}`)]),
  ];
  const [first = "", ...rest] = wrapped(found, head.length);
  return [
    `${head}${first}`,
    ...rest.map((line) => " ".repeat(head.length) + line),
    ...further.map((line) => " ".repeat(label.length) + line),
  ];
}

function describeCounts(findings: readonly Finding[]): string {
  const count = (state: FindingState) =>
    findings.filter((finding) => finding.state === state).length;
  const wrong = count("fault") + count("warning");
  const counts = `${count("ok")} ok, ${count("skipped")} skipped`;
  if (wrong === 0) return `All is well: ${counts}`;
  return `FAULTS: ${count("fault")}, WARNINGS: ${count("warning")}; ${counts}`;
}

/** Breaks between words. */
function wrapped(text: string, margin: number): readonly string[] {
  const room = Math.max(WIDTH - margin, 40);
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && Bun.stringWidth(longer) > room) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** What could move a cursor becomes `?`. */
function printable(text: string): string {
  return text.replace(/\n+/g, "; ").replace(/\p{C}/gu, "?");
}
