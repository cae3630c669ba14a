/** The API clients on the control socket: lists, adds and revokes them. */

import { Elysia } from "elysia";
import {
  type ApiClient,
  CLIENT_NAME_LENGTH_MAX,
  CLIENT_SCOPES,
  type ClientScope,
  isClientName,
  parseScopes,
} from "#domain/client.ts";
import type { Clock } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { newSecret } from "#platform/random-text.ts";
import type { Storage } from "#storage/storage.ts";
import { sha256 } from "../../client-access.ts";
import { ApiFailure } from "../../errors.ts";
import { strictParameters } from "../../query-text.ts";
import {
  type ControlClient,
  ControlClientAdded,
  ControlClientRevoked,
  ControlClients,
} from "./model.ts";

/** What the API clients' part works on. */
export interface ClientControlOptions {
  readonly storage: Pick<Storage, "findClient" | "listClients" | "addClient" | "revokeClient">;
  readonly clock: Clock;
  readonly log: Log;
}

/** `GET /clients`, `POST /clients/add?name=&scope=` and `POST /clients/revoke?name=`. */
export function clientControl({ storage, clock, log }: ClientControlOptions) {
  return new Elysia({ name: "control-clients", strictPath: true })
    .get("/clients", async () => ({ clients: (await storage.listClients()).map(spellClient) }), {
      response: ControlClients,
    })
    .post(
      "/clients/add",
      async ({ request }) => {
        const given = strictParameters(request.url, ["name", "scope"]);
        const name = readName(given.get("name"));
        const scopes = readScopes(given.get("scope"));
        const secret = newSecret();
        const client = { name, scopes, createdAtMs: clock.nowMs() };
        const secretSha256 = sha256(secret).toString("hex");
        const result = await storage.addClient({ ...client, secretSha256 });
        if (result === "exists") return { result };
        log.info("client.added", { client: name, scope: scopes.join(" ") });
        return { result, scopes: [...scopes], secret };
      },
      { response: ControlClientAdded },
    )
    .post(
      "/clients/revoke",
      async ({ request }) => {
        const name = readName(strictParameters(request.url, ["name"]).get("name"));
        const before = await storage.findClient(name);
        const result = await storage.revokeClient(name, clock.nowMs());
        if (result === "done") log.info("client.revoked", { client: name });
        return { result, had_own_secret: before?.secretSha256 !== undefined };
      },
      { response: ControlClientRevoked },
    );
}

/** In the query, as the ids of terminals are. */
function readName(text: string | undefined): string {
  if (text !== undefined && isClientName(text)) return text;
  throw invalid(
    "name",
    `must be 1 to ${CLIENT_NAME_LENGTH_MAX} characters without control characters`,
  );
}

function readScopes(text: string | undefined): readonly ClientScope[] {
  const scopes = parseScopes(text ?? "");
  if (scopes !== undefined) return scopes;
  throw invalid("scope", `must be some of ${CLIENT_SCOPES.join(", ")}`);
}

function invalid(parameter: string, wanted: string): ApiFailure {
  return new ApiFailure("parameter-invalid", `Query parameter "${parameter}" ${wanted}`, {
    parameters: [parameter],
  });
}

function spellClient(client: ApiClient): ControlClient {
  const { revokedAtMs } = client;
  return {
    name: client.name,
    scopes: [...client.scopes],
    has_own_secret: client.secretSha256 !== undefined,
    created_at: new Date(client.createdAtMs).toISOString(),
    revoked_at: revokedAtMs === undefined ? null : new Date(revokedAtMs).toISOString(),
  };
}
