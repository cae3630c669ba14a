/**
 * Proves the test event against real receivers on loopback: what goes out is signed like every
 * message, and what comes back is bounded and shows nothing secret.
 */

import { afterEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { sendTestEvent, type TestTarget } from "#webhooks/test-event.ts";
import { FakeClock } from "../support/fake-clock.ts";

const SECRET = "contract-test-secret";
const TARGET: Omit<TestTarget, "url" | "clock"> = {
  format: "logs",
  siteTimeZone: "Asia/Manila",
  secret: SECRET,
  previousSecret: undefined,
  authorities: undefined,
  ownPorts: { serverPort: 7005, webPort: 5050 },
};
const NEVER = new AbortController().signal;

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A receiver on a free loopback port; gives its host and port. */
function receiver(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  closers.push(() => void server.stop(true));
  return `127.0.0.1:${server.port}`;
}

function send(url: string, clock = new FakeClock(), signal: AbortSignal = NEVER) {
  return sendTestEvent({ ...TARGET, url, clock }, signal);
}

describe("sendTestEvent()", () => {
  test("posts the contract's test event, signed over its raw bytes", async () => {
    const seen: { headers: Headers; body: string }[] = [];
    const host = receiver(async (request) => {
      seen.push({ headers: request.headers, body: await request.text() });
      return new Response("Merci", { status: 202 });
    });
    const result = await send(`http://${host}/hook`);
    expect(result).toEqual({ kind: "answered", httpStatus: 202, text: "Merci" });
    const [{ headers, body } = { headers: new Headers(), body: "" }] = seen;
    expect(body).toBe(
      '{"event_type": "test_webhook", "message": "Test message of biometric-server", "source": "biometric_server", "timestamp": 1772410504}',
    );
    expect(headers.get("x-webhook-signature")).toBe(
      createHmac("sha256", SECRET).update(body).digest("hex"),
    );
    expect(headers.get("x-webhook-timestamp")).toBe("1772410504");
    expect(headers.get("x-webhook-source")).toBe("biometric_server");
    expect(headers.get("user-agent")).toBe("Biometric-Server-Webhook/1.0");
    expect(headers.get("webhook-id")).toMatch(/^test-[0-9a-f-]{36}$/);
    expect(headers.get("webhook-signature")).toMatch(/^v1,/);
  });

  test("posts what receivers of the standard format understand", async () => {
    const bodies: string[] = [];
    const host = receiver(async (request) => {
      bodies.push(await request.text());
      return new Response();
    });
    const target: TestTarget = {
      ...TARGET,
      format: "standard",
      url: `http://${host}/hook`,
      clock: new FakeClock(),
    };
    expect(await sendTestEvent(target, NEVER)).toMatchObject({ httpStatus: 200 });
    expect(bodies).toEqual([
      '{"data": {"message": "Test message of biometric-server"}, "timestamp": "2026-03-02T08:15:04+08:00", "type": "webhook.test"}',
    ]);
  });

  test("sends nothing where a name leads to a port of this server", async () => {
    let asked = 0;
    const host = receiver(() => {
      asked += 1;
      return new Response("ok");
    });
    const ownPorts = { serverPort: Number(new URL(`http://${host}`).port), webPort: 5050 };
    const url = `http://localhost:${ownPorts.serverPort}/hook`;
    const target = { ...TARGET, ownPorts, url, clock: new FakeClock() };
    expect(await sendTestEvent(target, NEVER)).toEqual({
      kind: "failed",
      code: "connect",
      detail: "it leads to a port of this server itself",
    });
    expect(asked).toBe(0);
  });

  test("does not follow a redirect", async () => {
    let asked = 0;
    const host = receiver(() => {
      asked += 1;
      return Response.redirect("/elsewhere", 302);
    });
    expect(await send(`http://${host}/hook`)).toMatchObject({ httpStatus: 302 });
    expect(asked).toBe(1);
  });

  test("shows the first 500 characters of an answer, and reads no endless one", async () => {
    const host = receiver(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(Buffer.from("\u{1f600}".repeat(100))),
          }),
        ),
    );
    const result = await send(`http://${host}/hook`);
    expect(result).toEqual({ kind: "answered", httpStatus: 200, text: "\u{1f600}".repeat(500) });
  });

  test("hides the password, the query and the secret that a receiver echoes", async () => {
    const host = receiver(
      (request) =>
        new Response(
          `${request.headers.get("authorization")} ${request.url} hunter 2 hunter%202 ${SECRET}`,
        ),
    );
    const result = await send(`http://me:hunter%202@${host}/hook?token=abc123`);
    const { text } = result.kind === "answered" ? result : { text: "" };
    expect(text).toContain("Basic ***");
    expect(text).toContain("/hook?***");
    for (const secret of ["abc123", "hunter", SECRET, btoa("me:hunter 2")]) {
      expect(text).not.toContain(secret);
    }
  });

  test("tells a refused connection from a receiver that does not answer in 10 s", async () => {
    const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const url = `http://127.0.0.1:${gone.port}/hook`;
    await gone.stop(true);
    expect(await send(url)).toEqual({ kind: "failed", code: "connect", detail: "ECONNREFUSED" });

    const clock = new FakeClock();
    const arrived = Promise.withResolvers<void>();
    const host = receiver(() => {
      arrived.resolve();
      return new Promise<Response>(() => undefined);
    });
    const result = send(`http://${host}/hook`, clock);
    await arrived.promise;
    await clock.advance(9_999);
    expect(clock.plannedCount).toBe(1);
    await clock.advance(1);
    expect(await result).toMatchObject({ kind: "failed", code: "timeout" });
  });

  test("is given up when nobody waits for it", async () => {
    const controller = new AbortController();
    const host = receiver(() => {
      controller.abort();
      return new Promise<Response>(() => undefined);
    });
    const result = send(`http://${host}/hook`, new FakeClock(), controller.signal);
    expect(await result).toEqual({ kind: "aborted" });
  });
});
