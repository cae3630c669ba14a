/** Backups on the control socket: begins one, says how far it is, and hands it to the verb. */

import { Elysia } from "elysia";
import type { BackupState, Backups } from "#maintenance/backups.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters, strictWord } from "../../query-text.ts";
import { BackupProgress, BackupStarted, BackupsCleared } from "./model.ts";

/** What the backups' part works on. */
export interface BackupControlOptions {
  readonly backups: Pick<Backups, "start" | "state" | "clearOutgoing">;
}

/**
 * `POST /backups?secrets=yes|no&fetch=yes|no`, `GET /backups`; for one that is to be fetched
 * `GET /backups/file`, and `POST /backups/clear` when that was done.
 */
export function backupControl({ backups }: BackupControlOptions) {
  return new Elysia({ name: "control-backups", strictPath: true })
    .post(
      "/backups",
      ({ request }) => {
        const given = strictParameters(request.url, ["secrets", "fetch"]);
        const withSecrets = strictWord("secrets", given.get("secrets"), YES_NO) !== "no";
        const isOutgoing = strictWord("fetch", given.get("fetch"), YES_NO) === "yes";
        const id = backups.start({ withSecrets, isOutgoing });
        if (id !== undefined) return { id };
        throw new ApiFailure("backup-being-made", "Another backup is being made: wait for it");
      },
      { response: BackupStarted },
    )
    .get(
      "/backups",
      ({ request }) => {
        strictParameters(request.url, []);
        return spellState(backups.state);
      },
      { response: BackupProgress },
    )
    .get("/backups/file", ({ request }) => {
      strictParameters(request.url, []);
      const { state } = backups;
      if (state.kind === "made") return new Response(Bun.file(state.path));
      throw new ApiFailure("not-found", "No backup was made");
    })
    .post(
      "/backups/clear",
      () => {
        backups.clearOutgoing();
        return { done: true };
      },
      { response: BackupsCleared },
    );
}

const YES_NO = ["yes", "no"] as const;

function spellState(state: BackupState) {
  const isMaking = state.kind === "making";
  return {
    state: state.kind,
    id: state.kind === "none" ? 0 : state.id,
    written_bytes: isMaking ? state.writtenBytes : 0,
    bytes_max: isMaking ? state.bytesMax : 0,
    path: state.kind === "made" ? state.path : null,
    reason: state.kind === "failed" ? state.reason : null,
  };
}
