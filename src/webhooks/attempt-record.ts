/**
 * A try as the ledger keeps it. Pure: what it means for the delivery is passed in.
 */

import type { EndedTry } from "#storage/endpoint-outbox.ts";
import type { Attempt } from "./attempt.ts";
import type { EndpointFailure, SendResult } from "./send.ts";

/** What every record of a try holds, whatever its kind. */
export function endedTry(
  deliveryId: number,
  attempt: Attempt<Exclude<SendResult, { readonly kind: "aborted" }>>,
): EndedTry {
  const { result, atMs, durationMs, bodyText } = attempt;
  const { httpStatus, replyText } = result;
  return {
    deliveryId,
    atMs,
    durationMs,
    httpStatus,
    detail: detailOf(result),
    replyText,
    bodyText,
  };
}

/** What went wrong with an endpoint, for people: `status 503`, `connect ECONNREFUSED`. */
export function failureText({ code, detail, retryAfterMs }: EndpointFailure): string {
  const asked = retryAfterMs === undefined ? "" : `, Retry-After ${retryAfterMs / 1000} s`;
  return `${code} ${detail}${asked}`;
}

function detailOf(result: Exclude<SendResult, { readonly kind: "aborted" }>): string {
  if (result.kind === "delivered") return "";
  return result.kind === "refused" ? result.detail : failureText(result);
}
