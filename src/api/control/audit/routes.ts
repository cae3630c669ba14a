/** What people did, on the control socket. */

import { Elysia } from "elysia";
import { rfc3339WithOffset } from "#domain/time-text.ts";
import type { KeptAuditEntry } from "#storage/audit.ts";
import type { Storage } from "#storage/storage.ts";
import { decodePlace, encodePlace } from "../../place-cursor.ts";
import { strictInteger, strictParameters } from "../../query-text.ts";
import { AuditPage } from "./model.ts";

/** What the audit's part works on. */
export interface AuditControlOptions {
  readonly storage: Pick<Storage, "listAudit">;
  /** IANA zone of the times. */
  readonly siteTimeZone: string;
}

const PAGE_SIZE = { min: 1, max: 1000, fallback: 100 };

/** `GET /audit?after=&limit=`. */
export function auditControl({ storage, siteTimeZone }: AuditControlOptions) {
  return new Elysia({ name: "control-audit", strictPath: true }).get(
    "/audit",
    async ({ request }) => {
      const given = strictParameters(request.url, ["after", "limit"]);
      const place = decodePlace("audit", given.get("after"));
      const limit = strictInteger("limit", given.get("limit"), PAGE_SIZE);
      const beforeId = place === undefined ? undefined : Number(place);
      const found = await storage.listAudit(beforeId, limit + 1);
      const entries = found.slice(0, limit);
      const last = found.length > limit ? entries.at(-1) : undefined;
      return {
        entries: entries.map((entry) => spellEntry(entry, siteTimeZone)),
        next: last === undefined ? null : encodePlace("audit", String(last.id)),
      };
    },
    { response: AuditPage },
  );
}

function spellEntry({ atMs, detailText, ...entry }: KeptAuditEntry, timeZone: string) {
  const detail: Record<string, unknown> = JSON.parse(detailText);
  return { ...entry, at: rfc3339WithOffset(atMs, timeZone), detail };
}
