/** Reads what `systemctl show` prints of the service. Pure. */

import { EXECUTABLE_PATH } from "./places.ts";

/** The service as systemd sees it. */
export interface UnitState {
  /** Whose unit it is: none, of this server, of the Python server it replaces, or of something else. */
  readonly kind: "none" | "ours" | "python" | "other";
  /** The command line of the service; empty without one. */
  readonly command: string;
  /** The unit's file; empty without one. */
  readonly path: string;
  readonly dropInPaths: readonly string[];
  readonly isEnabled: boolean;
  /** Whether the unit's file changed since systemd read it. */
  readonly needsReload: boolean;
  /** `active`, `activating`, `inactive`, `failed` and the like. */
  readonly activeState: string;
  /** Why it ended at last, such as `exit-code`; `success`. */
  readonly result: string;
  readonly exitStatus: number;
  /** 0 while it does not run. */
  readonly mainPid: number;
  readonly restartCount: number;
  /** Where relative paths of the service are; empty: nowhere in particular. */
  readonly workingDirectory: string;
  readonly environmentFiles: readonly string[];
  /** Assignments that the unit itself makes. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Programs that the Python server was started by (contract.md 8). */
const PYTHON = /(?:^|\/)(?:python[\d.]*|uv|uvx|pypy[\d.]*)$/;

/** Takes the lines `Name=value` in any order; what is missing is empty. */
export function readUnitState(shown: string): UnitState {
  const lines = shown.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line) ?? []);
  const all = (name: string) => lines.filter(([, key]) => key === name).map(([, , value]) => value);
  const one = (name: string) => all(name)[0] ?? "";
  const command = /\bargv\[\]=(.*?) ;/.exec(one("ExecStart"))?.[1] ?? "";
  const isThere = one("LoadState") !== "" && one("LoadState") !== "not-found";
  return {
    kind: isThere ? kindOf(command) : "none",
    command,
    path: one("FragmentPath"),
    dropInPaths: wordsOf(one("DropInPaths")),
    isEnabled: one("UnitFileState") === "enabled",
    needsReload: one("NeedDaemonReload") === "yes",
    activeState: one("ActiveState"),
    result: one("Result"),
    exitStatus: Number(one("ExecMainStatus")),
    mainPid: Number(one("MainPID")),
    restartCount: Number(one("NRestarts")),
    workingDirectory: one("WorkingDirectory").replace(/^!/, ""),
    environmentFiles: all("EnvironmentFiles").map((text = "") => text.replace(/ \(.*\)$/, "")),
    environment: Object.fromEntries(wordsOf(one("Environment")).map(assignmentOf)),
  };
}

function kindOf(command: string): UnitState["kind"] {
  const words = command.split(" ");
  if (words[0] === EXECUTABLE_PATH) return "ours";
  return words.some((word) => PYTHON.test(word)) ? "python" : "other";
}

/** Words as systemd prints them: one with a blank stands in quotes, with escapes as in C. */
function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare = ""]) =>
    quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1"),
  );
}

function assignmentOf(word: string): readonly [string, string] {
  const at = word.indexOf("=");
  return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
}
