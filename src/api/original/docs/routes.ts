/**
 * `GET /api/docs` and `GET /swagger.yaml`: the API as the original told of it, both made from the
 * one OpenAPI document. Open to everyone: they tell what can be asked, not what is stored.
 */

import { Elysia, t } from "elysia";
import type { SlidingLimit } from "#platform/sliding-limit.ts";
import type { ClientAccess } from "../../client-access.ts";
import { OriginalError } from "../../errors.ts";
import type { DescribeApi } from "../../openapi.ts";
import { objectOf } from "../../openapi-json.ts";
import { describeEndpoints } from "./endpoints.ts";
import { DocsAnswer } from "./model.ts";

/** What the routes need. */
export interface DocsRoutesOptions {
  readonly describe: DescribeApi;
  readonly access: Pick<ClientAccess, "tokenExpiryHours">;
  /** The limit that clients with a token have. */
  readonly limit: Pick<SlidingLimit, "rule">;
}

const YAML_TYPE = "application/yaml";

/** The routes. */
export function docsRoutes(options: DocsRoutesOptions) {
  const { describe } = options;
  let yaml: Promise<string> | undefined;
  return new Elysia({ name: "original-docs" })
    .get("/api/docs", () => readDocs(options), {
      response: { 200: DocsAnswer, 503: OriginalError },
      detail: {
        tags: ["Documentation"],
        summary: "The API in short",
        description: "What can be asked, and how. `/swagger` tells the same to people.",
      },
    })
    .get(
      "/swagger.yaml",
      async () => {
        yaml ??= writeYaml(describe);
        return new Response(await yaml, { headers: { "content-type": YAML_TYPE } });
      },
      {
        response: {
          200: t.String({ contentMediaType: YAML_TYPE, examples: ["openapi: 3.0.3\n"] }),
          503: OriginalError,
        },
        detail: { tags: ["Documentation"], summary: "The OpenAPI document of this API" },
      },
    );
}

async function readDocs({ describe, access, limit }: DocsRoutesOptions) {
  const document = await describe();
  const { title, version, description } = objectOf(document.info);
  return {
    title: String(title),
    version: String(version),
    description: String(description),
    authentication: {
      type: "Bearer Token" as const,
      header: "Authorization: Bearer <token>",
      token_endpoint: "POST /api/auth/token",
      token_expiry_hours: access.tokenExpiryHours,
    },
    rate_limiting: {
      requests_per_window: limit.rule.requests,
      window_seconds: limit.rule.windowMs / 1000,
    },
    endpoints: describeEndpoints(document),
  };
}

async function writeYaml(describe: DescribeApi): Promise<string> {
  // Loaded when somebody asks, like what the document is made with.
  const { stringify } = await import("yaml");
  // Many readers know YAML 1.1 alone: with its rules texts that look like dates are quoted.
  return stringify(await describe(), { aliasDuplicateObjects: false, version: "1.1" });
}
