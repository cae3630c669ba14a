/**
 * A disk with a cache that a power cut empties: what was written and not flushed is in memory alone.
 * It is a server of the NBD protocol (https://github.com/NetworkBlockDevice/nbd, doc/proto.md) that a
 * virtual machine uses as its disk.
 */

import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

/** What a disk writes as a whole or not at all. */
const BLOCK_BYTES = 4096;

const NBD = {
  greeting: Buffer.from("NBDMAGICIHAVEOPT\0\x03", "latin1"),
  replyMagic: 0x3e889045565a9n,
  optionGo: 7,
  replyAcknowledged: 1,
  replyInfo: 3,
  replyUnsupported: 0x80000001,
  infoExport: 0,
  /** HAS_FLAGS and SEND_FLUSH. */
  transmissionFlags: 1 | 4,
  simpleReplyMagic: 0x67446698,
  requestBytes: 28,
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
} as const;

/** What became of the blocks that a cut found unflushed. */
export interface CutBlocks {
  readonly lost: number;
  readonly written: number;
}

/** The disk over one run of the machine. Use it with `using`, or cut it. */
export class VolatileDisk implements Disposable {
  /** Flushes that the machine asked for. */
  flushCount = 0;
  readonly #image: number;
  readonly #bytes: number;
  readonly #obeysFlushes: boolean;
  readonly #unflushed = new Map<number, Buffer>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isOn = true;
  #afterWrite: () => void = () => undefined;

  /** `obeysFlushes: false` is a disk that lies: it confirms a flush and does nothing. */
  constructor(image: string, socketPath: string, obeysFlushes: boolean) {
    this.#image = openSync(image, "r+");
    this.#bytes = fstatSync(this.#image).size;
    this.#obeysFlushes = obeysFlushes;
    this.#server = createServer((socket) => this.#serve(socket)).listen(socketPath);
  }

  /**
   * Takes the power away as soon as `count` blocks are not flushed: in the midst of a commit. Each of
   * them is lost, or was just written when `isWritten` says so: a disk empties its cache in an order
   * of its own.
   */
  async cutAtUnflushed(count: number, isWritten: () => boolean): Promise<CutBlocks> {
    return new Promise((resolve) => {
      this.#afterWrite = () => {
        if (this.#unflushed.size >= count) resolve(this.#cut(isWritten));
      };
    });
  }

  [Symbol.dispose](): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    closeSync(this.#image);
  }

  #cut(isWritten: () => boolean): CutBlocks {
    const written = [...this.#unflushed].filter(isWritten);
    for (const [index, block] of written) this.#store(index, block);
    this[Symbol.dispose]();
    return { lost: this.#unflushed.size - written.length, written: written.length };
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new RequestReader(socket);
    // A machine that is switched off breaks its connection.
    socket.on("error", () => socket.destroy());
    void this.#talk(socket, reader).finally(() => socket.destroy());
  }

  async #talk(socket: Socket, reader: RequestReader): Promise<void> {
    socket.write(NBD.greeting);
    // The client's flags.
    await reader.take(4);
    if (!(await this.#negotiate(socket, reader))) return;
    for (;;) {
      const request = await reader.take(NBD.requestBytes);
      if (request === undefined || !this.#isOn) return;
      const type = request.readUInt16BE(6);
      if (type === NBD.disconnect) return;
      const offset = Number(request.readBigUInt64BE(16));
      const data = type === NBD.write ? await reader.take(request.readUInt32BE(24)) : undefined;
      if (!this.#isOn) return;
      if (data !== undefined) this.#write(offset, data);
      if (!this.#isOn) return;
      if (type === NBD.flush) this.#flush();
      const reply = Buffer.alloc(16);
      reply.writeUInt32BE(NBD.simpleReplyMagic);
      request.copy(reply, 8, 8, 16);
      socket.write(reply);
      if (type === NBD.read) socket.write(this.#read(offset, request.readUInt32BE(24)));
    }
  }

  /** True once the client has chosen this disk, of which there is but one. */
  async #negotiate(socket: Socket, reader: RequestReader): Promise<boolean> {
    for (;;) {
      const head = await reader.take(16);
      if (head === undefined) return false;
      const option = head.readUInt32BE(8);
      await reader.take(head.readUInt32BE(12));
      if (option !== NBD.optionGo) {
        socket.write(optionReply(option, NBD.replyUnsupported));
        continue;
      }
      const info = Buffer.alloc(12);
      info.writeUInt16BE(NBD.infoExport);
      info.writeBigUInt64BE(BigInt(this.#bytes), 2);
      info.writeUInt16BE(NBD.transmissionFlags, 10);
      socket.write(optionReply(option, NBD.replyInfo, info));
      socket.write(optionReply(option, NBD.replyAcknowledged));
      return true;
    }
  }

  #flush(): void {
    this.flushCount += 1;
    if (!this.#obeysFlushes) return;
    for (const [index, block] of this.#unflushed) this.#store(index, block);
    this.#unflushed.clear();
  }

  #write(offset: number, data: Buffer): void {
    for (const { index, from, to, at } of blocksOf(offset, data.length)) {
      const block = Buffer.from(this.#block(index));
      data.copy(block, from, at, at + to - from);
      this.#unflushed.set(index, block);
    }
    this.#afterWrite();
  }

  #read(offset: number, length: number): Buffer {
    const parts = blocksOf(offset, length);
    return Buffer.concat(parts.map(({ index, from, to }) => this.#block(index).subarray(from, to)));
  }

  #block(index: number): Buffer {
    const unflushed = this.#unflushed.get(index);
    if (unflushed !== undefined) return unflushed;
    const block = Buffer.alloc(BLOCK_BYTES);
    readSync(this.#image, block, 0, BLOCK_BYTES, index * BLOCK_BYTES);
    return block;
  }

  #store(index: number, block: Buffer): void {
    writeSync(this.#image, block, 0, BLOCK_BYTES, index * BLOCK_BYTES);
  }
}

function optionReply(option: number, type: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(NBD.replyMagic);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** The blocks that a range touches: which part of each, and where that is in the range. */
function blocksOf(offset: number, length: number) {
  const end = offset + length;
  const first = Math.floor(offset / BLOCK_BYTES);
  const count = Math.ceil(end / BLOCK_BYTES) - first;
  return Array.from({ length: count }, (_, step) => {
    const start = (first + step) * BLOCK_BYTES;
    const from = Math.max(offset - start, 0);
    const to = Math.min(end - start, BLOCK_BYTES);
    return { index: first + step, from, to, at: start + from - offset };
  });
}

/** Gives the bytes of a socket in pieces of a known length. */
class RequestReader {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      this.#wake();
    });
    socket.on("close", () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** The next `length` bytes; undefined when the socket ended before. */
  async take(length: number): Promise<Buffer | undefined> {
    while (this.#heldBytes < length) {
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const all =
      this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    this.#heldBytes -= length;
    this.#held = this.#heldBytes === 0 ? [] : [all.subarray(length)];
    return all.subarray(0, length);
  }
}
