/**
 * Reads the outbox for the dispatcher, and turns a failure of storage into an answer to wait on.
 */

import type { DeviceId } from "#domain/identifiers.ts";
import type { Log } from "#platform/log.ts";
import type { EndpointOutbox } from "#storage/endpoint-outbox.ts";
import { failureFields } from "./failure-fields.ts";
import type { Lane } from "./lane.ts";

/** Never throws; what could not be read is logged and may be read again. */
export class OutboxReader {
  readonly #outbox: Pick<EndpointOutbox, "listDevicesWithDeliveries" | "listWaitingDeliveries">;
  readonly #log: Log;

  constructor(
    outbox: Pick<EndpointOutbox, "listDevicesWithDeliveries" | "listWaitingDeliveries">,
    log: Log,
  ) {
    this.#outbox = outbox;
    this.#log = log;
  }

  /** Devices with something waiting; undefined when storage did not answer. */
  async listDevices(): Promise<readonly DeviceId[] | undefined> {
    try {
      return await this.#outbox.listDevicesWithDeliveries();
    } catch (error) {
      this.#logFailure(error);
      return undefined;
    }
  }

  /** Reads on behind a lane's window, at most `limit`. Returns whether storage answered. */
  async extend(lane: Lane, limit: number): Promise<boolean> {
    // Cleared first: a `wake` during the read may mean a delivery that the read does not see.
    lane.mayHaveMore = false;
    try {
      const { deviceId, readAfterId } = lane;
      const page = await this.#outbox.listWaitingDeliveries(deviceId, readAfterId, limit);
      lane.append(page);
      lane.mayHaveMore ||= page.length === limit;
      return true;
    } catch (error) {
      lane.mayHaveMore = true;
      this.#logFailure(error);
      return false;
    }
  }

  #logFailure(error: unknown): void {
    this.#log.warn("webhook.unread", failureFields(error), { per: "storage" });
  }
}
