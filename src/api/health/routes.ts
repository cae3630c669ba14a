/**
 * Liveness and readiness, without a token and without a word about people or terminals.
 */

import { Elysia } from "elysia";
import type { ReadinessProblem } from "./model.ts";
import { Alive, NotReady, Ready } from "./model.ts";

/** Asks every part whether it can do its work; an empty list means ready. */
export type ReadinessCheck = () => Promise<readonly ReadinessProblem[]>;

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
        const problems = await readiness();
        if (problems.length === 0) return { status: "ready" as const };
        return status(503, { status: "not-ready" as const, problems: [...problems] });
      },
      {
        response: { 200: Ready, 503: NotReady },
        detail: { tags: ["Health"], summary: "Whether punches can be stored and served" },
      },
    );
}
