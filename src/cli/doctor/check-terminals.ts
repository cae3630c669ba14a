/** What the server itself finds wrong with terminals and messages. Pure. */

import { textOf } from "../answer-fields.ts";
import { recordsOf } from "../webhook-answers.ts";
import { type Finding, fault, fine, warning } from "./finding.ts";
import type { Fields } from "./situation.ts";

/** They have checks of their own. */
const ELSEWHERE: ReadonlySet<string> = new Set(["disk-low", "backup-failed"]);
/** It waits for a person; nothing is broken. */
const WAITING: ReadonlySet<string> = new Set(["pending"]);

/** `status`: as `biometric-server status --json` gives it, also of a server that does not answer. */
export function checkTerminals(status: Fields): readonly Finding[] {
  const conditions = recordsOf(status.conditions).filter(
    ({ type }) => !ELSEWHERE.has(textOf(type)),
  );
  const count = recordsOf(status.terminals).filter(
    ({ status: kind }) => kind === "approved",
  ).length;
  const trouble = conditions.map(judgeCondition);
  const inUse = count === 1 ? "1 terminal is in use" : `${count} terminals are in use`;
  return [
    ...(trouble.length === 0 ? [fine("terminals", `${inUse}, and none has trouble`)] : trouble),
    checkParked(status),
    checkQuarantine(status),
  ];
}

function judgeCondition(condition: Fields): Finding {
  const type = textOf(condition.type);
  const judge = WAITING.has(type) ? warning : fault;
  return judge(type, {
    found: `${textOf(condition.subject)}: ${textOf(condition.detail)}`,
    wanted: WAITING.has(type) ? "a person lets it in, or keeps it out" : "it is not so",
    fix: textOf(condition.fix),
  });
}

function checkParked(status: Fields): Finding {
  const [waiting, parked] = [
    numberOf(status.deliveries_waiting),
    numberOf(status.deliveries_parked),
  ];
  if (parked === 0) return fine("deliveries", `${waiting} waiting, none parked`);
  return fault("deliveries", {
    found: `${parked} messages were refused by their receiver for good, and are parked`,
    wanted: "none: the HRIS has not got them",
    fix: "biometric-server deliveries list --status parked; mend the receiver, then: biometric-server deliveries retry-parked",
  });
}

function checkQuarantine(status: Fields): Finding {
  const count = numberOf(status.quarantine_count);
  if (count === 0) return fine("quarantine-kept", "nothing waits there");
  return warning("quarantine-kept", {
    found: `${count} requests that could not be read are kept`,
    wanted: "none: there may be punches among them",
    fix: "biometric-server quarantine list",
  });
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
