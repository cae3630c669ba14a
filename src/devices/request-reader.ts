/**
 * The reading half of a connection: finds out which protocol it speaks, hands the bytes to that
 * decoder, and remembers how the current request began. Holds no socket and no clock.
 */

import type { Decoder, DecoderEvent, DecoderLimits, Driver } from "./driver.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { type ForeignProtocol, sniffDriver, sniffForeign } from "./sniff.ts";

/** The driver named for bytes that no driver has claimed. */
const NO_DRIVER = "unknown";

/** Bounds of reading. Their defaults and names are in `config/config.ts`. */
export interface ReaderLimits {
  /** Bytes by which a connection must be recognised; at least 1. */
  readonly sniffBytesMax: number;
  readonly decoder: DecoderLimits;
}

/** No driver knows this protocol; nothing more can be read. */
export interface UnknownProtocol {
  readonly kind: "unknown-protocol";
  /** Which one it is, where that can be told. */
  readonly protocol: ForeignProtocol | undefined;
  /** The connection's first bytes, at most `sniffBytesMax`. */
  readonly head: Uint8Array;
}

export type ReaderEvent = DecoderEvent | UnknownProtocol;

/** Turns the bytes of one connection into events. */
export class RequestReader {
  readonly #drivers: readonly Driver[];
  readonly #limits: ReaderLimits;
  readonly #address: string;
  /** The beginning of the current request: what is sniffed, and what quarantine would get. */
  readonly #kept = new GrowingBytes();
  readonly #keptBytesMax: number;
  #driver: Driver | undefined;
  #decoder: Decoder | undefined;

  constructor(drivers: readonly Driver[], limits: ReaderLimits, address: string) {
    this.#drivers = drivers;
    this.#limits = limits;
    this.#address = address;
    const { headBytesMax, textBytesMax } = limits.decoder;
    this.#keptBytesMax = Math.max(limits.sniffBytesMax, headBytesMax + textBytesMax);
  }

  /** The name of the driver that claimed the connection, else `unknown`. */
  get driverName(): string {
    return this.#driver?.name ?? NO_DRIVER;
  }

  /** Whether a request has begun and is not complete. */
  get midRequest(): boolean {
    return this.#decoder?.midRequest ?? this.#kept.length > 0;
  }

  /** Memory held for a request that is not complete, in bytes. */
  get bufferedBytes(): number {
    return (this.#decoder?.bufferedBytes ?? 0) + this.#kept.capacity;
  }

  /**
   * Takes the next bytes and returns what they complete, in order. Throws whatever a driver throws,
   * which only a bug of ours does; `rawWith` then tells what is to be kept.
   */
  push(chunk: Uint8Array): readonly ReaderEvent[] {
    if (this.#decoder === undefined) {
      if (this.#kept.length === 0) return this.#identify(chunk, chunk);
      return this.#identify(Buffer.concat([this.#kept.view(), chunk]), chunk);
    }
    return this.#decode(this.#decoder, chunk);
  }

  /**
   * The current request as received, `chunk` included and cut off at head and text bytes together.
   * A request that ended earlier in the same chunk is part of it: only its driver could tell.
   */
  rawWith(chunk: Uint8Array): Uint8Array {
    this.#keep(chunk);
    return this.#kept.take();
  }

  /** Forgets the request and frees its memory; `push` is not called any more. */
  clear(): void {
    this.#kept.clear();
    this.#decoder = undefined;
  }

  #identify(head: Uint8Array, chunk: Uint8Array): readonly ReaderEvent[] {
    const { sniffBytesMax, decoder: decoderLimits } = this.#limits;
    const shown = head.subarray(0, sniffBytesMax);
    const found = sniffDriver(this.#drivers, shown);
    if (typeof found === "object") {
      this.#driver = found;
      this.#decoder = found.open(decoderLimits, this.#address);
      return this.#decode(this.#decoder, head);
    }
    const foreign = sniffForeign(shown);
    const protocol = foreign === "more" || foreign === "none" ? undefined : foreign;
    const canStillTell = found === "more" || foreign === "more";
    if (protocol !== undefined || !canStillTell || shown.length === sniffBytesMax) {
      return [{ kind: "unknown-protocol", protocol, head: shown }];
    }
    this.#keep(chunk);
    return [];
  }

  #decode(decoder: Decoder, chunk: Uint8Array): readonly ReaderEvent[] {
    const events = decoder.push(chunk);
    const beganHere = events.length > 0;
    if (beganHere || !decoder.midRequest) this.#kept.clear();
    if (decoder.midRequest) this.#keep(chunk);
    return events;
  }

  #keep(chunk: Uint8Array): void {
    const room = this.#keptBytesMax - this.#kept.length;
    this.#kept.append(chunk.subarray(0, room), this.#keptBytesMax);
  }
}
