/** The part of `Storage` that is about the receivers of webhooks themselves. */

import type { EpochMs } from "#base/epoch.ts";
import type {
  Endpoint,
  EndpointEdit,
  EndpointId,
  NewEndpoint,
  SecretRotation,
} from "#domain/webhook-endpoint.ts";

/** What became of an endpoint that was to be added. `endpoints-full`: `ENDPOINTS_MAX` are there. */
export type AddedEndpoint =
  | { readonly kind: "added"; readonly endpoint: Endpoint }
  | { readonly kind: "name-taken" | "endpoints-full" };

/** The result of a change to an endpoint. `settings-endpoint`: the settings are in charge of it. */
export type EndpointChange = "done" | "unknown-endpoint" | "settings-endpoint";

export interface EndpointStorage {
  /** Every receiver of webhooks, oldest first. */
  listEndpoints(): Promise<readonly Endpoint[]>;
  /**
   * Adds a receiver; `continueBackgroundWork` gives it what its start asks for of the feed, and what
   * comes meanwhile behind that.
   */
  addEndpoint(added: NewEndpoint): Promise<AddedEndpoint>;
  /** All of the edit, or nothing. A new choice of messages holds for those made from then on. */
  editEndpoint(id: EndpointId, edit: EndpointEdit): Promise<EndpointChange>;
  /** `still-rotating`: the secret before the present one is in force; two at a time are the most. */
  rotateEndpointSecret(
    id: EndpointId,
    rotation: SecretRotation,
  ): Promise<EndpointChange | "still-rotating">;
  /** Takes a receiver out; `continueBackgroundWork` deletes what waits for it or is parked. */
  removeEndpoint(id: EndpointId, nowMs: EpochMs): Promise<EndpointChange>;
}
