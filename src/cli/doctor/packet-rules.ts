/**
 * What becomes of a new TCP connection from the network, by the rules of a firewall: let in, kept
 * out, or depending on what a rule asks that is not known here, such as the sender. Pure.
 */

/** What a rule does with what it applies to. */
export type Verdict =
  | { readonly kind: "accept" | "drop" | "return" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** Whether a rule applies to the connection. */
export type Applies = "yes" | "no" | "maybe";

export interface PacketRule {
  readonly applies: Applies;
  readonly verdict: Verdict;
}

/** Rules by the name of their chain, and the chains that everything from the network goes through. */
export interface RuleSet {
  readonly chains: ReadonlyMap<string, readonly PacketRule[]>;
  readonly entries: readonly { readonly chain: string; readonly policy: "accept" | "drop" }[];
}

/** Whether the connection is let in. */
export type Passage = "open" | "blocked" | "depends";

/** Chains that call one another deeper than this are not followed. */
const DEPTH_MAX = 16;

/** Each entry has to let it in. */
export function judgePassage({ chains, entries }: RuleSet): Passage {
  const outcomes = entries.map(({ chain, policy }) => {
    const ends = walk(chain, chains, 0);
    if (ends.delete("through")) ends.add(policy);
    return ends;
  });
  if (outcomes.some((ends) => ends.size === 1 && ends.has("drop"))) return "blocked";
  return outcomes.some((ends) => ends.has("drop")) ? "depends" : "open";
}

/** How a chain may end; `through`: at its end, or by a return. */
type End = "accept" | "drop" | "through";

function walk(name: string, chains: RuleSet["chains"], depth: number): Set<End> {
  const ends = new Set<End>();
  if (depth > DEPTH_MAX) return new Set<End>(["accept", "drop", "through"]);
  for (const { applies, verdict } of chains.get(name) ?? []) {
    if (applies === "no") continue;
    const reached = reach(verdict, chains, depth);
    const goesOn = verdict.kind === "jump" && reached.delete("through");
    for (const end of reached) ends.add(end);
    if (applies === "yes" && !goesOn) return ends;
  }
  return ends.add("through");
}

function reach(verdict: Verdict, chains: RuleSet["chains"], depth: number): Set<End> {
  if ("chain" in verdict) return walk(verdict.chain, chains, depth + 1);
  return new Set([verdict.kind === "return" ? "through" : verdict.kind]);
}

/** All of a rule's conditions together. */
export function allApply(conditions: readonly Applies[]): Applies {
  if (conditions.includes("no")) return "no";
  return conditions.includes("maybe") ? "maybe" : "yes";
}

export function appliesIf(condition: boolean): Applies {
  return condition ? "yes" : "no";
}
