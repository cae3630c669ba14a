/**
 * A terminal over a day: it keeps its punches in a queue, sends the oldest until it is acknowledged,
 * goes on with the next, and sometimes does not hear the acknowledgement and sends again.
 */

import { ACKNOWLEDGEMENT, punchRequest, type SentPunch, sendWhole } from "./terminal-socket.ts";

/** One terminal and what it has not got rid of. */
export class DayTerminal {
  readonly id: string;
  /** Out of reach of the server; people punch all the same. */
  isOffline = false;
  resentCount = 0;
  readonly #queue: SentPunch[] = [];
  readonly #random: () => number;

  /** `random` is uniform in [0, 1). */
  constructor(id: string, random: () => number) {
    this.id = id;
    this.#random = random;
  }

  get waitingCount(): number {
    return this.#queue.length;
  }

  /** Somebody punches. `wallTime` is 14 digits. */
  punch(user: string, wallTime: string): void {
    this.#queue.push({ device: this.id, user, wallTime });
  }

  /** Sends what waits, in order, until one is not acknowledged. Tells of each acknowledgement. */
  async drain(port: number, onAcknowledged: () => void = () => undefined): Promise<void> {
    while (!this.isOffline) {
      const [head] = this.#queue;
      if (head === undefined) return;
      if ((await send(port, head)) !== ACKNOWLEDGEMENT) return;
      if (this.#random() < ACKNOWLEDGEMENT_LOST) this.resentCount += 1;
      else this.#queue.shift();
      onAcknowledged();
    }
  }
}

/** How often an acknowledgement gets lost on the way. */
const ACKNOWLEDGEMENT_LOST = 0.1;

/** The answer, empty when there is no server. */
async function send(port: number, punch: SentPunch): Promise<string> {
  try {
    return await sendWhole(port, punchRequest(punch));
  } catch {
    return "";
  }
}
