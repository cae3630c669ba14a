/**
 * The API clients' rows, kept in memory by the one writer: every request of the API asks for one.
 * Memory follows the disk, so a revocation that was not written is not in force either.
 */

import type { Database } from "bun:sqlite";
import { asc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { epochMs } from "#base/epoch.ts";
import { type ApiClient, parseScopes } from "#domain/client.ts";
import { guardEngine } from "./engine-error.ts";
import { clients } from "./schema.ts";
import type { Storage } from "./storage.ts";
import type { WriteParts } from "./write-parts.ts";

type ClientRow = typeof clients.$inferSelect;

/** The part of `Storage` that is about API clients. Reads the table once, blocking. */
export function clientStorage(
  database: Database,
  parts: WriteParts,
): Pick<Storage, "findClient" | "listClients" | "addClient" | "revokeClient"> {
  const orm = drizzle(database);
  const rows = orm.select().from(clients).orderBy(asc(clients.name)).all();
  const known = new Map(rows.map((row) => [row.name, clientFromRow(row)]));
  const write = (client: ApiClient): void => {
    const row = rowOf(client);
    guardEngine(`write API client "${client.name}"`, () =>
      parts.transaction(() => {
        if (!known.has(client.name)) orm.insert(clients).values(row).run();
        else orm.update(clients).set(row).where(eq(clients.name, client.name)).run();
        parts.noteWrite();
      }),
    );
    known.set(client.name, client);
  };
  return {
    findClient: async (name) => known.get(name),
    listClients: async () => [...known.values()],
    addClient: async (client) => {
      const before = known.get(client.name);
      if (before !== undefined && before.revokedAtMs === undefined) return "exists";
      write({ ...client, revokedAtMs: undefined });
      return "done";
    },
    revokeClient: async (name, nowMs) => {
      const before = known.get(name);
      if (before?.revokedAtMs !== undefined) return "unchanged";
      const client = before ?? { name, secretSha256: undefined, scopes: [], createdAtMs: nowMs };
      write({ ...client, revokedAtMs: nowMs });
      return "done";
    },
  };
}

function clientFromRow(row: ClientRow): ApiClient {
  return {
    name: row.name,
    secretSha256: row.secretSha256 ?? undefined,
    scopes: parseScopes(row.scope) ?? [],
    createdAtMs: epochMs(row.createdAtMs),
    revokedAtMs: row.revokedAtMs === null ? undefined : epochMs(row.revokedAtMs),
  };
}

function rowOf(client: ApiClient): ClientRow {
  return {
    name: client.name,
    secretSha256: client.secretSha256 ?? null,
    scope: client.scopes.join(" "),
    createdAtMs: client.createdAtMs,
    revokedAtMs: client.revokedAtMs ?? null,
  };
}
