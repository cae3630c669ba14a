/**
 * Proves what one POST means for every way it can end, against real receivers on loopback. Time is
 * the test's own, so a timeout comes when the test says so.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAuthorities } from "#config/ca-file.ts";
import { openSender, type SendResult } from "#webhooks/send.ts";
import { FakeClock } from "../support/fake-clock.ts";

const REQUEST = { headers: { "User-Agent": "test/1", "X-One": "1" }, body: '{"a": 1}' };
const NEVER = new AbortController().signal;
const TIMEOUT_MS = 30_000;
const OPTIONS = {
  secrets: [] as readonly string[],
  timeoutMs: TIMEOUT_MS,
  authorities: undefined,
  ownPorts: { serverPort: 7005, webPort: 5050 },
};

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A receiver on a free loopback port; gives its URL. */
function receiver(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  closers.push(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}/hook`;
}

/** A TCP peer that writes these bytes on the first data and closes; gives its URL. */
function rawPeer(answer: string): string {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(answer);
        socket.end();
      },
    },
  });
  closers.push(() => listener.stop(true));
  return `http://127.0.0.1:${listener.port}/hook`;
}

function send(url: string, signal: AbortSignal = NEVER, clock = new FakeClock()) {
  return openSender({ ...OPTIONS, url, clock })(REQUEST, signal);
}

describe("openSender()", () => {
  test("openSender() posts the body and headers as given", async () => {
    let seen: unknown;
    const url = receiver(async (request) => {
      const { method, headers } = request;
      seen = [method, new URL(request.url).pathname, headers.get("x-one"), await request.text()];
      expect(headers.get("user-agent")).toBe("test/1");
      return new Response("ok");
    });
    expect(await send(url)).toEqual({ kind: "delivered", httpStatus: 200, replyText: "ok" });
    expect(seen).toEqual(["POST", "/hook", "1", '{"a": 1}']);
  });

  const endpoint = (status: number): SendResult => ({
    kind: "endpoint-failed",
    code: "status",
    detail: String(status),
    httpStatus: status,
    replyText: "",
    retryAfterMs: undefined,
  });
  const delivered = (httpStatus: number): SendResult => ({
    kind: "delivered",
    httpStatus,
    replyText: "",
  });
  const refused = (httpStatus: number): SendResult => ({
    kind: "refused",
    httpStatus,
    detail: `status ${httpStatus}`,
    replyText: "",
  });
  const answers: readonly (readonly [number, SendResult])[] = [
    [200, delivered(200)],
    [202, delivered(202)],
    [204, delivered(204)],
    [299, delivered(299)],
    [304, endpoint(304)],
    [400, refused(400)],
    [404, refused(404)],
    [408, endpoint(408)],
    [410, endpoint(410)],
    [422, refused(422)],
    [425, endpoint(425)],
    [429, endpoint(429)],
    [499, refused(499)],
    [500, endpoint(500)],
    [503, endpoint(503)],
  ];
  for (const [status, expected] of answers) {
    test(`openSender() takes ${status} for ${expected.kind}`, async () => {
      expect(await send(receiver(() => new Response(null, { status })))).toEqual(expected);
    });
  }

  test("openSender() does not follow a redirect", async () => {
    let requests = 0;
    const url = receiver(() => {
      requests += 1;
      return new Response(null, { status: 307, headers: { location: "/elsewhere" } });
    });
    expect(await send(url)).toEqual(endpoint(307));
    expect(requests).toBe(1);
  });

  test("openSender() passes on what Retry-After asks for", async () => {
    const seconds = receiver(
      () => new Response("", { status: 503, headers: { "retry-after": "120" } }),
    );
    expect(await send(seconds)).toMatchObject({ retryAfterMs: 120_000 });
    const date = new Date(new FakeClock().nowMs() + 60_000).toUTCString();
    const dated = receiver(
      () => new Response("", { status: 429, headers: { "retry-after": date } }),
    );
    expect(await send(dated)).toMatchObject({ retryAfterMs: 60_000 });
  });

  test("openSender() reports a closed port as connect", async () => {
    const url = receiver(() => new Response("ok"));
    for (const close of closers.splice(0)) close();
    expect(await send(url)).toMatchObject({ code: "connect", detail: "ECONNREFUSED" });
  });

  test("openSender() reports a peer that hangs up, and one that speaks no HTTP, as connect", async () => {
    expect(await send(rawPeer(""))).toMatchObject({ kind: "endpoint-failed", code: "connect" });
    const garbage = rawPeer("SSH-2.0-x\r\n\r\n");
    expect(await send(garbage)).toMatchObject({ kind: "endpoint-failed", code: "connect" });
  });

  test("openSender() reports a failed handshake as tls", async () => {
    const url = receiver(() => new Response("ok")).replace("http:", "https:");
    expect(await send(url)).toMatchObject({ kind: "endpoint-failed", code: "tls" });
  });

  test("openSender() names no part of the URL in a failure", async () => {
    const url = receiver(() => new Response("ok")).replace("127", "user:hunter2@127");
    for (const close of closers.splice(0)) close();
    expect(JSON.stringify(await send(url))).not.toContain("hunter2");
  });

  test("openSender() gives up on a receiver that never answers", async () => {
    const clock = new FakeClock();
    const arrived = Promise.withResolvers<void>();
    const url = receiver(() => {
      arrived.resolve();
      return new Promise<Response>(() => {});
    });
    const result = send(url, NEVER, clock);
    await arrived.promise;
    await clock.advance(TIMEOUT_MS);
    expect(await result).toMatchObject({ kind: "endpoint-failed", code: "timeout" });
    expect(clock.plannedCount).toBe(0);
  });

  test("openSender() believes the status when the body breaks off", async () => {
    const url = rawPeer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    expect(await send(url)).toMatchObject({ kind: "delivered", httpStatus: 200 });
  });

  test("openSender() stops reading a body without end", async () => {
    let pulls = 0;
    const cancelled = Promise.withResolvers<void>();
    const url = receiver(() => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          pulls += 1;
          await new Promise((resolve) => setImmediate(resolve));
          controller.enqueue(new Uint8Array(1024));
        },
        cancel: () => cancelled.resolve(),
      });
      return new Response(body);
    });
    expect(await send(url)).toMatchObject({ kind: "delivered", httpStatus: 200 });
    await cancelled.promise;
    expect(pulls).toBeGreaterThan(1);
  });

  test("openSender() is given up by its signal, before and during the try", async () => {
    const stopped = new AbortController();
    const url = receiver(() => {
      stopped.abort();
      return new Promise<Response>(() => {});
    });
    expect(await send(url, stopped.signal)).toEqual({ kind: "aborted" });
    expect(await send(url, stopped.signal)).toEqual({ kind: "aborted" });
  });

  test("openSender() keeps the connection alive between tries", async () => {
    const ports = new Set<number | undefined>();
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, self) {
        ports.add(self.requestIP(request)?.port);
        return new Response("ok");
      },
    });
    closers.push(() => void server.stop(true));
    for (let count = 0; count < 5; count += 1) await send(`http://127.0.0.1:${server.port}/`);
    expect(ports.size).toBe(1);
  });

  test("openSender() goes past a proxy of the environment", async () => {
    const url = receiver(() => new Response("ok"));
    const saved = process.env.http_proxy;
    process.env.http_proxy = rawPeer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    try {
      expect(await send(url)).toMatchObject({ kind: "delivered", httpStatus: 200 });
    } finally {
      if (saved === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = saved;
    }
  });

  test("openSender() keeps the first 2 KB of the answer, and nothing secret of it", async () => {
    const url = receiver(() => new Response(`key s3cret ${"é".repeat(3000)}`, { status: 422 }));
    const result = await openSender({
      ...OPTIONS,
      secrets: ["s3cret"],
      url,
      clock: new FakeClock(),
    })(REQUEST, NEVER);
    const replyText = `key ****** ${"é".repeat(1018)}`;
    expect(result).toEqual({ kind: "refused", httpStatus: 422, detail: "status 422", replyText });
  });

  test("openSender() asks for an answer that is not compressed", async () => {
    const url = receiver((request) => new Response(request.headers.get("accept-encoding")));
    expect(await send(url)).toMatchObject({ replyText: "identity" });
  });
});

describe("openSender() over TLS", () => {
  const [key, certificate] = ["key", "certificate"].map((name) =>
    readFileSync(join(import.meta.dir, `../fixtures/tls/${name}.pem`), "utf8"),
  );

  function sendTo(authorities: readonly string[] | undefined): Promise<SendResult> {
    const fetch = () => new Response("ok");
    const tls = { key, cert: certificate };
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch });
    closers.push(() => void server.stop(true));
    const url = `https://127.0.0.1:${server.port}/hook`;
    return openSender({ ...OPTIONS, url, authorities, clock: new FakeClock() })(REQUEST, NEVER);
  }

  test("openSender() refuses a certificate that no authority signed", async () => {
    expect(await sendTo(undefined)).toMatchObject({
      kind: "endpoint-failed",
      code: "tls",
      detail: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
  });

  test("openSender() accepts it from an authority of the site's own", async () => {
    const path = join(import.meta.dir, "../fixtures/tls/certificate.pem");
    const authorities = await loadAuthorities(path);
    expect(await sendTo(authorities)).toMatchObject({ kind: "delivered", replyText: "ok" });
  });
});

describe("openSender() and names", () => {
  const sendTo = (host: string, addresses: readonly string[] | undefined) => {
    const { port } = new URL(receiver(() => new Response("ok")));
    const asked: string[] = [];
    const lookUp = async (name: string) => {
      asked.push(name);
      if (addresses === undefined) throw new Error("not found");
      return addresses.map((address) => ({ address }));
    };
    const clock = new FakeClock();
    const sender = openSender({ ...OPTIONS, url: `http://${host}:${port}/`, clock, lookUp });
    return { asked, clock, send: (signal = NEVER) => sender(REQUEST, signal) };
  };

  test.each(["169.254.169.254", "fe80::1%2", "::ffff:169.254.0.1", "64:ff9b::a9fe:1"])(
    "openSender() sends nothing where a name leads to %s",
    async (address) => {
      const { send: sendOnce } = sendTo("localhost", ["10.0.0.1", address]);
      expect(await sendOnce()).toMatchObject({
        kind: "endpoint-failed",
        code: "connect",
        detail: "it leads to a link-local address",
      });
    },
  );

  describe("of this machine", () => {
    const sendToOwn = (own: "serverPort" | "webPort", path = "/hook") => {
      const requests: Request[] = [];
      const { port } = new URL(
        receiver((request) => {
          requests.push(request);
          return new Response("ok");
        }),
      );
      const url = `http://localhost:${port}${path}`;
      const ownPorts = { ...OPTIONS.ownPorts, [own]: Number(port) };
      const lookUp = async () => [{ address: "10.9.9.9" }, { address: "::ffff:127.0.1.1" }];
      const sender = openSender({ ...OPTIONS, ownPorts, url, clock: new FakeClock(), lookUp });
      return { requests, send: () => sender(REQUEST, NEVER) };
    };

    test.each(["serverPort", "webPort"] as const)(
      "openSender() sends nothing where a name leads to it on its %s",
      async (own) => {
        const { requests, send: sendOnce } = sendToOwn(own);
        expect(await sendOnce()).toMatchObject({
          kind: "endpoint-failed",
          code: "connect",
          detail: "it leads to a port of this server itself",
        });
        expect(requests).toEqual([]);
      },
    );

    test("openSender() sends to its receiver for trials", async () => {
      const trial = sendToOwn("webPort", "/api/webhook-receiver/biometric");
      expect(await trial.send()).toMatchObject({ kind: "delivered" });
    });
  });

  test("openSender() sends nothing to an address that has become a port of this server", async () => {
    const { port } = new URL(receiver(() => new Response("ok")));
    const ownPorts = { serverPort: Number(port), webPort: 5050 };
    const url = `http://127.0.0.1:${port}/hook`;
    const sender = openSender({ ...OPTIONS, ownPorts, url, clock: new FakeClock() });
    expect(await sender(REQUEST, NEVER)).toMatchObject({
      detail: "it leads to a port of this server itself",
    });
  });

  test("openSender() asks once a minute, and lets a private address be", async () => {
    const { asked, clock, send: sendOnce } = sendTo("localhost", ["192.168.1.20"]);
    expect(await sendOnce()).toMatchObject({ kind: "delivered" });
    await clock.advance(59_999);
    await sendOnce();
    expect(asked).toEqual(["localhost"]);
    await clock.advance(1);
    await sendOnce();
    expect(asked).toEqual(["localhost", "localhost"]);
  });

  test("openSender() asks nobody for an address, and goes on where a name is not found", async () => {
    const address = sendTo("127.0.0.1", undefined);
    expect(await address.send()).toMatchObject({ kind: "delivered" });
    expect(address.asked).toEqual([]);
    expect(await sendTo("localhost", undefined).send()).toMatchObject({ kind: "delivered" });
  });

  test("openSender() is given up while a name is looked up", async () => {
    const stopped = new AbortController();
    const lookUp = () => new Promise<never>(() => {});
    const url = "http://localhost:9/";
    const sender = openSender({ ...OPTIONS, url, clock: new FakeClock(), lookUp });
    const result = sender(REQUEST, stopped.signal);
    stopped.abort();
    expect(await result).toEqual({ kind: "aborted" });
  });
});
