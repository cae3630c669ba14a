/** What the control socket says of API clients. Times are RFC 3339, UTC. */

import { type Static, t } from "elysia";

const Scopes = t.Array(t.Union([t.Literal("read"), t.Literal("write"), t.Literal("admin")]));

export const ControlClient = t.Object({
  name: t.String(),
  scopes: Scopes,
  /** False for a revoked name that only ever used the main secret. */
  has_own_secret: t.Boolean(),
  created_at: t.String(),
  /** Null while the client may hold a token. */
  revoked_at: t.Union([t.String(), t.Null()]),
});
export type ControlClient = Static<typeof ControlClient>;

export const ControlClients = t.Object({ clients: t.Array(ControlClient) });

export const ControlClientAdded = t.Union([
  /** The only time that the secret is told. */
  t.Object({ result: t.Literal("done"), scopes: Scopes, secret: t.String() }),
  t.Object({ result: t.Literal("exists") }),
]);

export const ControlClientRevoked = t.Object({
  result: t.Union([t.Literal("done"), t.Literal("unchanged")]),
  /** Whether its secret dies with it; whoever knows the main secret may come under another name. */
  had_own_secret: t.Boolean(),
});
