/**
 * Reads what `nft -j list ruleset` prints (libnftables-json(5)), as far as it speaks of a port. Tables
 * of iptables, whose matches only iptables can name, are left out. Pure.
 */

import { asRecord, textOf } from "../answer-fields.ts";
import { recordsOf } from "../webhook-answers.ts";
import {
  type Applies,
  allApply,
  appliesIf,
  type PacketRule,
  type RuleSet,
  type Verdict,
} from "./packet-rules.ts";
import type { Fields } from "./situation.ts";

/** Terminals come by IPv4. */
const FAMILIES: ReadonlySet<string> = new Set(["ip", "inet"]);
/** Statements that neither decide nor ask anything. */
const NEUTRAL: ReadonlySet<string> = new Set(["counter", "log", "mangle", "comment"]);

/** For a new TCP connection to `port` from the network; undefined: it is not what nft prints. */
export function readNft(text: string, port: number): RuleSet | undefined {
  const items = recordsOf(asRecord(parseJson(text))?.nftables);
  if (items.length === 0) return undefined;
  const chains = new Map<string, PacketRule[]>();
  const entries: { table: string; chain: string; policy: "accept" | "drop" }[] = [];
  const foreignTables = new Set<string>();
  for (const item of items) {
    const chain = asRecord(item.chain);
    if (chain !== undefined && FAMILIES.has(textOf(chain.family))) {
      const name = nameOf(chain, textOf(chain.name));
      chains.set(name, []);
      const policy = chain.policy === "drop" ? "drop" : "accept";
      if (chain.hook === "input" && chain.type === "filter")
        entries.push({ table: tableOf(chain), chain: name, policy });
    }
    const rule = asRecord(item.rule);
    if (rule === undefined) continue;
    if (recordsOf(rule.expr).some((statement) => "xt" in statement))
      foreignTables.add(tableOf(rule));
    const read = readRule(rule, port);
    if (read !== undefined) chains.get(nameOf(rule, textOf(rule.chain)))?.push(read);
  }
  return { chains, entries: entries.filter(({ table }) => !foreignTables.has(table)) };
}

function nameOf(item: Fields, chain: string): string {
  return `${tableOf(item)} ${chain}`;
}

function tableOf({ family, table }: Fields): string {
  return `${textOf(family)} ${textOf(table)}`;
}

function readRule(rule: Fields, port: number): PacketRule | undefined {
  const conditions: Applies[] = [];
  let verdict: Verdict | undefined;
  for (const statement of recordsOf(rule.expr)) {
    const [[kind = "", content] = []] = Object.entries(statement);
    const found = verdictOf(kind, asRecord(content), rule);
    if (found !== undefined) verdict = found;
    else if (kind === "match") conditions.push(conditionOf(asRecord(content) ?? {}, port));
    else if (!NEUTRAL.has(kind)) conditions.push("maybe");
  }
  return verdict === undefined ? undefined : { applies: allApply(conditions), verdict };
}

function verdictOf(kind: string, content: Fields | undefined, rule: Fields): Verdict | undefined {
  if (kind === "accept" || kind === "drop" || kind === "return") return { kind };
  if (kind === "reject") return { kind: "drop" };
  if (kind !== "jump" && kind !== "goto") return undefined;
  return { kind, chain: nameOf(rule, textOf(content?.target)) };
}

function conditionOf({ op, left, right }: Fields, port: number): Applies {
  const wanted = asRecord(left) ?? {};
  const applies = positiveCondition(wanted, right, port);
  if (op !== "!=" || applies === "maybe") return applies;
  return appliesIf(applies === "no");
}

function positiveCondition(left: Fields, right: unknown, port: number): Applies {
  const [payload, meta, ct] = [asRecord(left.payload), asRecord(left.meta), asRecord(left.ct)];
  if (payload?.field === "dport") {
    if (payload.protocol !== "tcp" && payload.protocol !== "th") return "no";
    const values = valuesOf(right);
    return values === undefined ? "maybe" : appliesIf(values.some((value) => isPort(value, port)));
  }
  if (meta?.key === "l4proto" || (payload?.protocol === "ip" && payload.field === "protocol")) {
    const values = valuesOf(right);
    return values === undefined
      ? "maybe"
      : appliesIf(values.some((value) => value === "tcp" || value === 6));
  }
  if (ct?.key === "state") {
    const values = valuesOf(right);
    return values === undefined ? "maybe" : appliesIf(values.includes("new"));
  }
  const isOfDevice = meta?.key === "iifname" || meta?.key === "iif";
  return isOfDevice && right === "lo" ? "no" : "maybe";
}

/** The values a match compares with; undefined for a set that has a name. */
function valuesOf(right: unknown): readonly unknown[] | undefined {
  if (typeof right === "string" && right.startsWith("@")) return undefined;
  if (Array.isArray(right)) return right;
  const set = asRecord(right)?.set;
  return Array.isArray(set) ? set : [right];
}

function isPort(value: unknown, port: number): boolean {
  if (typeof value === "number") return value === port;
  const range = asRecord(value)?.range;
  if (!Array.isArray(range)) return false;
  const [first, last] = range;
  return port >= Number(first) && port <= Number(last);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
