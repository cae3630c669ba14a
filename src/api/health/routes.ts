/**
 * Liveness and readiness, without a token and without a word about people or terminals.
 */

import { Elysia } from "elysia";
import type { ReadinessProblem } from "./model.ts";
import { Alive, NotReady, Ready } from "./model.ts";

/** Whether every part can do its work: without problems the server is ready, whatever is noted. */
export interface Readiness {
  readonly problems: readonly ReadinessProblem[];
  readonly notes: readonly ReadinessProblem[];
}

/** Asks every part. */
export type ReadinessCheck = () => Promise<Readiness>;

/** Where both are. */
export const HEALTH_PATHS: readonly string[] = ["/healthz", "/readyz"];

/** `GET /healthz` and `GET /readyz`. */
export function healthRoutes(readiness: ReadinessCheck) {
  return new Elysia({ name: "health" })
    .get("/healthz", () => ({ status: "alive" as const }), {
      response: { 200: Alive },
      detail: { tags: ["Health"], summary: "Whether the process answers" },
    })
    .get(
      "/readyz",
      async ({ status }) => {
        const { problems, notes } = await readiness();
        const noted = notes.length === 0 ? {} : { notes: [...notes] };
        if (problems.length === 0) return { status: "ready" as const, ...noted };
        return status(503, { status: "not-ready" as const, problems: [...problems], ...noted });
      },
      {
        response: { 200: Ready, 503: NotReady },
        detail: { tags: ["Health"], summary: "Whether punches can be stored and served" },
      },
    );
}
