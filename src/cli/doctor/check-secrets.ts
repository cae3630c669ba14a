/** Whether the secrets are nobody else's. */

import { isPublishedSecret } from "#config/published-secrets.ts";
import { ASK_ROOT, type Finding, fine, skipped, warning } from "./finding.ts";
import type { SecretInUse } from "./secrets-in-use.ts";
import { reloadCommand, type Situation } from "./situation.ts";

/** Pure. Tells where a secret is, and never what it is. */
export function checkSecret(
  check: string,
  { place, text, code }: SecretInUse,
  situation: Pick<Situation, "isService">,
): Finding {
  if (text === undefined) {
    if (code === "ENOENT") return skipped(check, "there is none yet: the server makes it");
    return skipped(check, `"${place}" cannot be read (${code})`, ASK_ROOT);
  }
  if (!isPublishedSecret(text)) return fine(check, `${place} is in no document that we know of`);
  return warning(check, {
    found: `${place} stands in a public document: everybody can know it`,
    wanted: "a secret of this site's own",
    fix: `put a new one (openssl rand -hex 32) into the settings and into the HRIS, then ${reloadCommand(situation)}`,
  });
}
