/** Whether the database is sound, of a schema that fits, and takes what comes. */

import { shownBytes } from "#platform/disk-space.ts";
import { SQLITE_VERSION_MIN, WAL_SIZE_LIMIT_BYTES } from "#storage/database.ts";
import { engineCode, engineHint } from "#storage/engine-error.ts";
import {
  type DatabaseExamination,
  type ExaminationDepth,
  examineDatabase,
} from "#storage/examine-database.ts";
import { OWN_SCHEMA } from "#storage/schema-facts.ts";
import { textOf } from "../answer-fields.ts";
import { ASK_ROOT, type Finding, fault, fine, skipped, warning } from "./finding.ts";
import { restartCommand, type Situation } from "./situation.ts";

/** What was looked at, and what came of it. */
export interface DatabaseCheck {
  readonly findings: readonly Finding[];
  /** Undefined where it cannot be opened. */
  readonly examination: DatabaseExamination | undefined;
}

/** With a log this long, somebody keeps the server from emptying it. */
const LONG_WAL_BYTES = 8 * WAL_SIZE_LIMIT_BYTES;
const DAMAGE_LINES_MAX = 3;
const RESTORE =
  "systemctl stop biometric-server, keep the file, then: biometric-server restore BACKUP";

/** Reads the whole file: a second for a million punches, ten times that for `full`. */
export async function checkDatabase(
  situation: Situation,
  depth: ExaminationDepth,
): Promise<DatabaseCheck> {
  const { databasePath, server } = situation;
  if (situation.isDataClosed) {
    const found = `this user may not look into "${situation.dataDir}"`;
    return { findings: [skipped("database", found, ASK_ROOT)], examination: undefined };
  }
  if (databasePath === undefined) {
    const found = "there is none yet: the server makes it at its first start";
    return { findings: [skipped("database", found)], examination: undefined };
  }
  const storing = server.kind === "answers" ? [checkStoring(server.status)] : [];
  try {
    const examination = await examineDatabase(databasePath, depth);
    const findings = judgeDatabase(databasePath, examination, { depth, situation });
    return { findings: [...storing, ...findings], examination };
  } catch (error) {
    const code = engineCode(error);
    if (code === undefined) throw error;
    return {
      findings: [...storing, judgeUnread(databasePath, code, error)],
      examination: undefined,
    };
  }
}

/** The engine's codes for a file that is not sound. */
const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;

function judgeUnread(path: string, code: string, error: unknown): Finding {
  if (DAMAGED.test(code)) return damaged(path, code);
  const found = `"${path}" cannot be read: ${code}`;
  return fault("database", {
    found,
    wanted: "a database that can be read",
    fix: engineHint(error),
  });
}

function judgeDatabase(
  path: string,
  examination: DatabaseExamination,
  { depth, situation }: { readonly depth: ExaminationDepth; readonly situation: Situation },
): readonly Finding[] {
  return [
    checkSoundness(path, examination, depth),
    checkSchema(examination, situation),
    checkEngine(examination),
    checkWal(examination, situation),
  ];
}

function checkSoundness(
  path: string,
  { damage, tableCount, bytes }: DatabaseExamination,
  depth: ExaminationDepth,
): Finding {
  if (damage.length === 0) {
    const how =
      depth === "full" ? "with every index" : "without its indexes: --full looks at these";
    return fine(
      "database",
      `"${path}" is sound: ${tableCount} tables, ${shownBytes(bytes)}, ${how}`,
    );
  }
  return damaged(path, damage.slice(0, DAMAGE_LINES_MAX).join("; "));
}

function damaged(path: string, how: string): Finding {
  const found = `"${path}" is damaged: ${how}`;
  return fault("database", { found, wanted: "a sound file", fix: RESTORE });
}

function checkSchema({ schema, minReader }: DatabaseExamination, situation: Situation): Finding {
  const check = "database-schema";
  const found = `schema ${schema}, and this executable knows ${OWN_SCHEMA}`;
  if (minReader > OWN_SCHEMA) {
    const wanted = `an executable that knows schema ${minReader}`;
    return fault(check, { found, wanted, fix: "use the executable that last ran here" });
  }
  if (schema >= OWN_SCHEMA) return fine(check, found);
  const wanted = "the same: a start of the server brings it up to date";
  return warning(check, { found, wanted, fix: restartCommand(situation) });
}

function checkEngine({
  engineVersion,
  isEngineNewEnough,
  journalMode,
}: DatabaseExamination): Finding {
  const check = "database-engine";
  const found = `SQLite ${engineVersion}, journal mode ${journalMode}`;
  if (!isEngineNewEnough) {
    const wanted = `${SQLITE_VERSION_MIN} or newer: older ones have a known defect`;
    return fault(check, {
      found,
      wanted,
      fix: "build the executable with the Bun of its lock file",
    });
  }
  if (journalMode === "wal") return fine(check, found);
  const fix = "start the server, which sets it; nothing else may write the file";
  return warning(check, { found, wanted: "journal mode wal", fix });
}

function checkWal({ walBytes }: DatabaseExamination, situation: Situation): Finding {
  const check = "database-log";
  const found = `${shownBytes(walBytes)} beside the database (biometric.db-wal)`;
  if (walBytes <= LONG_WAL_BYTES) return fine(check, found);
  return warning(check, {
    found,
    wanted: `at most ${shownBytes(LONG_WAL_BYTES)}: another program reads the database and holds it up`,
    fix: `fuser -v "${situation.databasePath ?? ""}" shows who; stop it; never delete the file`,
  });
}

function checkStoring(status: Readonly<Record<string, unknown>>): Finding {
  const problem = textOf(status.storage_problem);
  if (problem === "") return fine("storing", "the server can store what comes");
  return fault("storing", {
    found: problem,
    wanted: "the server stores what comes; terminals keep their punches meanwhile",
    fix: "do what it says; the server goes on by itself",
  });
}
