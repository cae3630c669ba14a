/**
 * Tells every client of `/ws` what enters the feed, after it is on disk, what somebody changed of a
 * terminal, and who asked for it what else happened. Keeps no message for anybody: whoever does not
 * read is put out.
 *
 * States: empty (no client: nothing is read and no timer runs); resting (waits to be woken);
 * reading (page after page of the feed and of the events, a turn of the loop apart); closed.
 */

import type { DeviceId, FeedPosition } from "#domain/identifiers.ts";
import type { Punch } from "#domain/punch.ts";
import type { Clock, Timer } from "#platform/clock.ts";
import type { Log } from "#platform/log.ts";
import { ReadingTurns } from "#platform/reading-turns.ts";
import type { Storage } from "#storage/storage.ts";
import { spellEvent } from "../events/spell-event.ts";
import { listDevicesForHris } from "../original/listed-devices.ts";
import {
  type DeviceNews,
  deviceMessage,
  isPing,
  newLogMessage,
  PONG,
  statusMessage,
} from "./messages.ts";

/** What the hub does to a connection. */
export interface LiveSocket {
  /** Returns 0 when the text was dropped, because too much waits already. */
  send(text: string): number;
  /** Ends it with a code of RFC 6455 7.4. */
  close(code: number, reason: string): void;
  /** Ends it at once. */
  terminate(): void;
}

/** A client, for as long as its connection lasts. */
export interface LiveClient {
  readonly clientId: string;
  /** Whether the token that it came with would still let it in. */
  readonly isTokenValid: () => Promise<boolean>;
  /** Whether it asked for messages that the replaced server never sent. */
  readonly wantsEvents: boolean;
}

export interface LiveHubOptions {
  readonly storage: Pick<
    Storage,
    "figures" | "listDevices" | "listPunchesAfter" | "listEventsAfter" | "findLastEvent"
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** IANA zone of the terminals' last contact, and of events. */
  readonly siteTimeZone: string;
  readonly primaryDeviceId: DeviceId;
}

/** A client that has its first message. */
interface Listener {
  readonly client: LiveClient;
  readonly socket: LiveSocket;
  /** The feed's end when it came: what was there before is no news. */
  readonly after: FeedPosition;
  readonly lastPunchId: number;
  /** The newest event when it came; undefined: it wants none. */
  readonly afterEvent: number | undefined;
  /** Messages since the last check. */
  messages: number;
}

/** Clients at once; further ones are refused. */
export const LIVE_CLIENTS_MAX = 64;
/** Rows of the feed read in one turn of the loop. */
const ROWS_PER_TURN = 100;
/** Between two looks at the tokens, and the time in which messages of a client are counted. */
const CHECK_INTERVAL_MS = 10_000;
const MESSAGES_PER_CHECK_MAX = 100;
/** Punches told lately, so that a corrected one is not told anew. */
const TOLD_MAX = 10_000;

/** Codes of RFC 6455 7.4.1. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #turns = new ReadingTurns();
  readonly #listeners = new Map<LiveSocket, Listener>();
  /** Connections that have no first message yet. */
  readonly #arriving = new Set<LiveSocket>();
  readonly #told = new Set<number>();
  #position: FeedPosition | undefined;
  /** The last event that was read; undefined while nobody wants any. */
  #eventPosition: number | undefined;
  #state: "resting" | "reading" | "closed" = "resting";
  #isWoken = false;
  #checks: Timer | undefined;

  constructor(options: LiveHubOptions) {
    this.#options = options;
  }

  /** Whether no further client is let in. */
  get isFull(): boolean {
    return this.#state === "closed" || this.clientCount >= LIVE_CLIENTS_MAX;
  }

  get clientCount(): number {
    return this.#listeners.size + this.#arriving.size;
  }

  /** Tells a new client how things stand, and from then on what is new. */
  async welcome(socket: LiveSocket, client: LiveClient): Promise<void> {
    const { storage, clock, log, siteTimeZone } = this.#options;
    this.#arriving.add(socket);
    this.#checks ??= clock.every(CHECK_INTERVAL_MS, () => void this.#check());
    try {
      const devices = await listDevicesForHris(storage);
      const figures = await storage.figures();
      const lastEvent = client.wantsEvents ? await storage.findLastEvent() : undefined;
      // It may have gone meanwhile.
      if (!this.#arriving.delete(socket)) return;
      const { lastFeedPosition: after, lastPunchId } = figures;
      const places = { after, lastPunchId, afterEvent: lastEvent };
      this.#listeners.set(socket, { client, socket, ...places, messages: 0 });
      this.#position ??= after;
      this.#eventPosition ??= lastEvent;
      this.#send(socket, statusMessage(figures.punchCount, devices, { clock, siteTimeZone }));
    } catch (error) {
      log.error("live.failed", { cause: String(error) }, { per: "live" });
      socket.close(INTERNAL_ERROR, "The state cannot be read");
    }
  }

  /** A client said something. */
  hear(socket: LiveSocket, text: string): void {
    const listener = this.#listeners.get(socket);
    if (listener === undefined) return;
    listener.messages += 1;
    if (listener.messages > MESSAGES_PER_CHECK_MAX) {
      this.#putOut(listener, "too many messages");
    } else if (isPing(text)) {
      this.#send(socket, PONG);
    }
  }

  /** A connection has ended. */
  forget(socket: LiveSocket): void {
    this.#arriving.delete(socket);
    this.#listeners.delete(socket);
    if (![...this.#listeners.values()].some(({ client }) => client.wantsEvents)) {
      this.#eventPosition = undefined;
    }
    if (this.clientCount > 0) return;
    this.#checks?.stop();
    this.#checks = undefined;
    this.#position = undefined;
    this.#told.clear();
  }

  /** Something may have entered the feed, or happened. Cheap. */
  wake(): void {
    if (this.#position === undefined || this.#state === "closed") return;
    this.#isWoken = true;
    if (this.#state === "resting") void this.#read();
  }

  /** Somebody changed a terminal. */
  tellDevice(id: DeviceId, news: DeviceNews): void {
    const text = deviceMessage(id, news);
    for (const socket of [...this.#listeners.keys()]) this.#send(socket, text);
  }

  /** Puts everybody out and lets nobody in. */
  close(): void {
    this.#state = "closed";
    for (const socket of [...this.#listeners.keys(), ...this.#arriving]) {
      socket.close(GOING_AWAY, "The server ends");
      this.forget(socket);
    }
  }

  async #read(): Promise<void> {
    this.#state = "reading";
    while (this.#isWoken && this.#state === "reading") {
      this.#isWoken = false;
      await this.#turns.next();
      try {
        await this.#readPage();
        await this.#readEvents();
      } catch (error) {
        // The next commit wakes again; nothing is skipped.
        this.#options.log.error("live.failed", { cause: String(error) }, { per: "live" });
      }
    }
    if (this.#state === "reading") this.#state = "resting";
  }

  async #readPage(): Promise<void> {
    const position = this.#position;
    if (position === undefined) return;
    const page = await this.#options.storage.listPunchesAfter(position, ROWS_PER_TURN, {});
    // Everybody may have gone, and others come, whose place is elsewhere.
    if (this.#position !== position) return;
    this.#position = page.nextAfter;
    if (page.hasMore) this.#isWoken = true;
    for (const punch of page.punches) this.#tellPunch(punch);
  }

  async #readEvents(): Promise<void> {
    const { storage, siteTimeZone } = this.#options;
    const position = this.#eventPosition;
    if (position === undefined) return;
    const page = await storage.listEventsAfter(position, ROWS_PER_TURN, {});
    if (this.#eventPosition !== position) return;
    this.#eventPosition = page.nextAfter;
    if (page.hasMore) this.#isWoken = true;
    for (const event of page.events) {
      const text = JSON.stringify(spellEvent(event, siteTimeZone));
      for (const { socket, afterEvent } of [...this.#listeners.values()]) {
        const isNews = afterEvent !== undefined && event.sequence > afterEvent;
        if (isNews) this.#send(socket, text);
      }
    }
  }

  #tellPunch(punch: Punch): void {
    if (punch.origin === "imported") return;
    const wasTold = this.#told.has(punch.id);
    const listeners = [...this.#listeners.values()].filter(
      (listener) => !wasTold && isNewsFor(listener, punch),
    );
    if (listeners.length === 0) return;
    this.#noteTold(punch.id);
    const text = newLogMessage(punch, this.#options.primaryDeviceId);
    for (const { socket } of listeners) this.#send(socket, text);
  }

  #noteTold(id: number): void {
    if (this.#told.size >= TOLD_MAX) {
      for (const oldest of this.#told) {
        this.#told.delete(oldest);
        break;
      }
    }
    this.#told.add(id);
  }

  #send(socket: LiveSocket, text: string): void {
    if (socket.send(text) !== 0) return;
    const listener = this.#listeners.get(socket);
    if (listener !== undefined) this.#putOut(listener, "does not read");
  }

  #putOut({ client, socket }: Listener, reason: string): void {
    const fields = { client: client.clientId, reason };
    this.#options.log.warn("live.put-out", fields, { per: client.clientId });
    this.forget(socket);
    socket.terminate();
  }

  async #check(): Promise<void> {
    for (const listener of [...this.#listeners.values()]) {
      listener.messages = 0;
      if (await listener.client.isTokenValid()) continue;
      listener.socket.close(POLICY_VIOLATION, "The token is no longer valid");
      this.forget(listener.socket);
    }
  }
}

/**
 * A correction is no new punch. One that was corrected before anybody could be told of it is: its
 * first place in the feed is gone, and its id is above all that were there.
 */
function isNewsFor({ after, lastPunchId }: Listener, punch: Punch): boolean {
  if ((punch.feedPosition ?? 0) <= after) return false;
  return punch.revision === 1 || punch.id > lastPunchId;
}
