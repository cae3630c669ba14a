/** The `Idempotency-Key` header of a request that makes something. */

import { ApiFailure } from "./errors.ts";

const KEY_PATTERN = /^[\x20-\x7e]{1,255}$/;

/**
 * Names the request; undefined where the header is absent. A key is its client's own: the same text
 * of another is another key.
 * @throws ApiFailure `idempotency-key-invalid`.
 */
export function readRequestKey(request: Request, clientId: string): string | undefined {
  const key = request.headers.get("idempotency-key");
  if (key === null) return undefined;
  if (KEY_PATTERN.test(key)) {
    return new Bun.CryptoHasher("sha256").update(`${clientId}\n${key}`).digest("hex");
  }
  throw new ApiFailure(
    "idempotency-key-invalid",
    "The Idempotency-Key header must have 1 to 255 printable ASCII characters",
  );
}

/** The refusal of a key that belongs to another request. */
export function requestKeyReused(): ApiFailure {
  return new ApiFailure(
    "idempotency-key-reused",
    "The Idempotency-Key was sent with another request within the last 24 hours",
  );
}
