/** What the control socket says of backups. */

import { t } from "elysia";

export const BackupStarted = t.Object({
  /** Names this try in `GET /backups`. */
  id: t.Number(),
});

export const BackupProgress = t.Object({
  state: t.Union([t.Literal("none"), t.Literal("making"), t.Literal("made"), t.Literal("failed")]),
  /** Of the try that this tells of; 0 without any. */
  id: t.Number(),
  /** Bytes written so far, and at most to be written. */
  written_bytes: t.Number(),
  bytes_max: t.Number(),
  /** Of the file that was made; null otherwise. */
  path: t.Union([t.String(), t.Null()]),
  /** Why there is none; null otherwise. */
  reason: t.Union([t.String(), t.Null()]),
});

export const BackupsCleared = t.Object({ done: t.Boolean() });
