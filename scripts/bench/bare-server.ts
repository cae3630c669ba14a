/**
 * "Bare": the least a durable server can do. Parses the FKWeb request, inserts one row, commits
 * everything that came in one turn of the loop together, then answers. No rules, limits, enrolment
 * or webhooks, and it trusts its input: it exists only to be measured beside the product.
 * Arguments: port, database file. Prints `ready` when it listens.
 */

import { Database } from "bun:sqlite";

interface Peer {
  received: Buffer;
}

interface Waiting {
  readonly socket: Bun.Socket<Peer>;
  readonly device: string;
  readonly json: string;
  readonly keepAlive: boolean;
}

/** As many as the product commits at once by default. */
const BATCH_MAX = 500;
const NOTHING = Buffer.alloc(0);
const HEAD_END = "\r\n\r\n";
const REPLY = "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\n";
const REPLY_AND_CLOSE = Buffer.from(`${REPLY}Content-Length: 0\r\nConnection: close\r\n\r\n`);
const REPLY_AND_KEEP = Buffer.from(`${REPLY}Content-Length: 0\r\nConnection: keep-alive\r\n\r\n`);

const [port = "", databasePath = ""] = process.argv.slice(2);
const database = new Database(databasePath, { create: true, strict: true });
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run(
  "CREATE TABLE punch (id INTEGER PRIMARY KEY, device TEXT NOT NULL, user TEXT NOT NULL, " +
    "wall_time TEXT NOT NULL, raw TEXT NOT NULL, UNIQUE (device, user, wall_time))",
);
const insert = database.prepare(
  "INSERT INTO punch (device, user, wall_time, raw) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
);

const queue: Waiting[] = [];
let flushPlanned = false;

Bun.listen<Peer>({
  hostname: "127.0.0.1",
  port: Number(port),
  allowHalfOpen: true,
  socket: {
    open: (socket) => {
      socket.data = { received: NOTHING };
    },
    data: receive,
    end: (socket) => {
      socket.end();
    },
  },
});
console.log("ready");

function receive(socket: Bun.Socket<Peer>, chunk: Buffer): void {
  const peer = socket.data;
  const bytes = peer.received.length === 0 ? chunk : Buffer.concat([peer.received, chunk]);
  const headEnd = bytes.indexOf(HEAD_END);
  const head = headEnd < 0 ? "" : bytes.toString("latin1", 0, headEnd);
  const bodyStart = headEnd + HEAD_END.length;
  const bodyEnd = bodyStart + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (headEnd < 0 || bytes.length < bodyEnd) {
    peer.received = bytes;
    return;
  }
  peer.received = NOTHING;
  const textEnd = bodyStart + 4 + bytes.readUInt32LE(bodyStart) - "\n\0".length;
  queue.push({
    socket,
    device: /\r\ndev_id: *(\w+)/i.exec(head)?.[1] ?? "",
    json: bytes.toString("utf8", bodyStart + 4, textEnd),
    keepAlive: head.includes("\r\nConnection: keep-alive"),
  });
  planFlush();
}

function planFlush(): void {
  if (flushPlanned) return;
  flushPlanned = true;
  setImmediate(flush);
}

function flush(): void {
  flushPlanned = false;
  const batch = queue.splice(0, BATCH_MAX);
  database.run("BEGIN IMMEDIATE");
  for (const { device, json } of batch) {
    const record = JSON.parse(json);
    insert.run(device, record.user_id, record.io_time, json);
  }
  database.run("COMMIT");
  for (const { socket, keepAlive } of batch) {
    socket.write(keepAlive ? REPLY_AND_KEEP : REPLY_AND_CLOSE);
    if (!keepAlive) socket.shutdown();
  }
  if (queue.length > 0) planFlush();
}
