/** Reads what `iptables-save` prints, as far as it speaks of a port. Pure. */

import {
  type Applies,
  allApply,
  appliesIf,
  type PacketRule,
  type RuleSet,
  type Verdict,
} from "./packet-rules.ts";

/** Options whose value says nothing about the packet. */
const NEUTRAL = new Set([
  "-m",
  "--comment",
  "--reject-with",
  "--log-prefix",
  "--log-level",
  "--icmp-type",
]);
/** Targets after which the next rule is looked at. */
const WITHOUT_VERDICT = /^(?:LOG|NFLOG|MARK|CONNMARK|TRACE|AUDIT|NOTRACK|SET|TCPMSS)$/;

/** The table `filter`, for a new TCP connection to `port` from the network. */
export function readIptables(saved: string, port: number): RuleSet {
  const [, filter = ""] = /^\*filter$([\s\S]*?)^COMMIT$/m.exec(saved) ?? [];
  const chains = new Map<string, PacketRule[]>();
  let policy: "accept" | "drop" = "accept";
  for (const line of filter.split("\n")) {
    const [, declared, declaredPolicy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (declared !== undefined) {
      chains.set(declared, []);
      if (declared === "INPUT" && declaredPolicy === "DROP") policy = "drop";
    }
    const [, chain, text] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    const rule = text === undefined ? undefined : readRule(text, port);
    if (chain !== undefined && rule !== undefined) chains.get(chain)?.push(rule);
  }
  return { chains, entries: [{ chain: "INPUT", policy }] };
}

function readRule(text: string, port: number): PacketRule | undefined {
  const words = (text.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
  const conditions: Applies[] = [];
  let verdict: Verdict | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const [option = "", value = ""] = [words[at], words[at + 1]];
    if (option === "-j" || option === "-g") {
      verdict = verdictOf(value, option === "-g");
      break;
    }
    if (option === "!") return withVerdict(words, "maybe");
    if (!NEUTRAL.has(option)) conditions.push(conditionOf(option, value, port));
    at += value.startsWith("-") ? 0 : 1;
  }
  return verdict === undefined ? undefined : { applies: allApply(conditions), verdict };
}

/** A rule with a negation: nothing is told of its conditions. */
function withVerdict(words: readonly string[], applies: Applies): PacketRule | undefined {
  const at = words.findIndex((word) => word === "-j" || word === "-g");
  const verdict = verdictOf(words[at + 1] ?? "", words[at] === "-g");
  return at < 0 || verdict === undefined ? undefined : { applies, verdict };
}

function conditionOf(option: string, value: string, port: number): Applies {
  switch (option) {
    case "-p":
      return appliesIf(value === "tcp" || value === "all");
    case "--dport":
    case "--dports":
      return appliesIf(value.split(",").some((range) => isWithin(range, port)));
    case "--ctstate":
    case "--state":
      return appliesIf(value.split(",").includes("NEW"));
    case "--dst-type":
      return appliesIf(value === "LOCAL");
    case "-i":
      return value === "lo" ? "no" : "maybe";
    default:
      return "maybe";
  }
}

function isWithin(range: string, port: number): boolean {
  const [first = "", last = first] = range.split(":");
  return port >= Number(first || 0) && port <= Number(last || 65_535);
}

function verdictOf(target: string, isGoto: boolean): Verdict | undefined {
  if (target === "ACCEPT") return { kind: "accept" };
  if (target === "DROP" || target === "REJECT") return { kind: "drop" };
  if (target === "RETURN") return { kind: "return" };
  if (WITHOUT_VERDICT.test(target)) return undefined;
  return { kind: isGoto ? "goto" : "jump", chain: target };
}
