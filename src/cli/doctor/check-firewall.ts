/** Whether a firewall of this box lets terminals and the HRIS in, as far as its rules can be read. */

import type { runProgram } from "#platform/run-program.ts";
import { ASK_ROOT, type Finding, fault, fine, skipped, warning } from "./finding.ts";
import { readIptables } from "./iptables-rules.ts";
import { readNft } from "./nft-rules.ts";
import { judgePassage, type RuleSet } from "./packet-rules.ts";

export interface FirewallChecks {
  readonly run: typeof runProgram;
  readonly isRoot: boolean;
  readonly ports: readonly { readonly check: string; readonly port: number }[];
}

/** Who made the rules, and so is told to change them. */
type Keeper = "ufw" | "nft" | "iptables";

const RUN_LIMIT_MS = 5_000;

/** Changes nothing. Waits for each program 5 s at most. */
export async function checkFirewall(checks: FirewallChecks): Promise<readonly Finding[]> {
  const { ports, isRoot, run } = checks;
  if (!isRoot) {
    const found = "only root reads the rules of a firewall";
    return ports.map(({ check }) => skipped(check, found, ASK_ROOT));
  }
  if ((await run(["firewall-cmd", "--state"], RUN_LIMIT_MS)).exitCode === 0) {
    return Promise.all(ports.map((port) => checkFirewalld(port, checks)));
  }
  const ufw = await run(["ufw", "status"], RUN_LIMIT_MS);
  const isUfw = /^Status: active$/m.test(ufw.out);
  const saved = await run(["iptables-save"], RUN_LIMIT_MS);
  const listed = await run(["nft", "-j", "list", "ruleset"], RUN_LIMIT_MS);
  return ports.map((port) => {
    const sets: (readonly [Keeper, RuleSet])[] = [];
    if (saved.exitCode === 0) {
      sets.push([isUfw ? "ufw" : "iptables", readIptables(saved.out, port.port)]);
    }
    const nft = listed.exitCode === 0 ? readNft(listed.out, port.port) : undefined;
    if (nft !== undefined) sets.push(["nft", nft]);
    return judgePort(port, sets);
  });
}

interface Port {
  readonly check: string;
  readonly port: number;
}

function judgePort({ check, port }: Port, sets: readonly (readonly [Keeper, RuleSet])[]): Finding {
  const [[first] = []] = sets;
  if (first === undefined) {
    return skipped(check, "no nft, iptables, ufw or firewall-cmd answers: it cannot be known");
  }
  const passages = sets.map(([keeper, rules]) => ({ keeper, passage: judgePassage(rules) }));
  const blocked = passages.find(({ passage }) => passage === "blocked");
  if (blocked !== undefined) {
    return fault(check, {
      found: `the rules of ${blocked.keeper} keep TCP port ${port} out`,
      wanted: "they let it in",
      fix: FIXES[blocked.keeper](port),
    });
  }
  const depends = passages.find(({ passage }) => passage === "depends");
  if (depends !== undefined) {
    const found = `whether the rules of ${depends.keeper} let TCP port ${port} in depends on more than the port, such as the sender: it cannot be known`;
    return skipped(check, found, LISTS[depends.keeper]);
  }
  const keepers = passages.map(({ keeper }) => keeper).join(" and ");
  return fine(check, `the rules of ${keepers} let TCP port ${port} in`);
}

const FIXES: Readonly<Record<Keeper, (port: number) => string>> = {
  ufw: (port) => `ufw allow ${port}/tcp`,
  iptables: (port) =>
    `iptables -I INPUT -p tcp --dport ${port} -j ACCEPT, and keep it over a restart (netfilter-persistent save)`,
  nft: (port) =>
    `add "tcp dport ${port} accept" to the input chain of /etc/nftables.conf, then: nft -f /etc/nftables.conf`,
};

const LISTS: Readonly<Record<Keeper, string>> = {
  ufw: "ufw status verbose",
  iptables: "iptables-save",
  nft: "nft list ruleset",
};

/** Interfaces may be in other zones than the default one. */
async function checkFirewalld({ check, port }: Port, { run }: FirewallChecks): Promise<Finding> {
  const query = `--query-port=${port}/tcp`;
  if ((await run(["firewall-cmd", query], RUN_LIMIT_MS)).exitCode === 0) {
    return fine(check, `firewalld lets TCP port ${port} in, in its default zone`);
  }
  return warning(check, {
    found: `firewalld does not let TCP port ${port} in, in its default zone`,
    wanted: "the zone of the network lets it in",
    fix: `firewall-cmd --permanent --add-port=${port}/tcp && firewall-cmd --reload`,
  });
}
