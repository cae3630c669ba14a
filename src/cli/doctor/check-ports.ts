/** Whether this server, and no other program, listens on its ports. Pure. */

import type { PortHolder } from "#box/listening.ts";
import { SERVICE } from "#box/places.ts";
import { ASK_ROOT, type Finding, fault, fine, LOOK_INTO_LOG, skipped } from "./finding.ts";

/** One port, and who has it. */
export interface PortView {
  /** Of the finding, such as `terminal-port`. */
  readonly check: string;
  readonly setting: string;
  readonly port: number;
  /** Undefined: nobody listens. */
  readonly holder: PortHolder | undefined;
  /** Of the server that answers; undefined without one. */
  readonly serverPid: number | undefined;
  readonly isRoot: boolean;
  readonly startCommand: string;
}

export function checkPort(view: PortView): Finding {
  const { check, setting, port, holder, serverPid, startCommand } = view;
  const shown = `port ${port} (${setting})`;
  if (port === 0) return skipped(check, `${setting} is 0, so that the server takes any free port`);
  if (holder === undefined) {
    const fix = serverPid === undefined ? startCommand : LOOK_INTO_LOG;
    return fault(check, { found: `nobody listens on ${shown}`, wanted: "this server does", fix });
  }
  const { pid, program = "a program" } = holder;
  if (pid === undefined && !view.isRoot) {
    const found = `somebody listens on ${shown}; only root sees who`;
    return skipped(check, found, ASK_ROOT);
  }
  const who =
    pid === undefined ? "a program that the kernel does not name" : `${program} (process ${pid})`;
  if ((pid !== undefined && pid === serverPid) || holder.isOf(SERVICE)) {
    return fine(check, `${who} listens on ${shown}`);
  }
  return fault(check, {
    found: `${shown} is taken by ${who}`,
    wanted: "this server listens there",
    fix: `stop that program${pid === undefined ? "" : ` (kill ${pid})`}, or set ${setting} to another port`,
  });
}
