/**
 * Aim: the reader takes what real terminals send, cut anywhere, refuses what it cannot frame safely,
 * and holds no more of a body than it was told to.
 */

import { describe, expect, test } from "bun:test";
import {
  type HttpRequest,
  HttpRequestReader,
  type HttpViolation,
  type PlanBody,
  targetPath,
  wantsKeepAlive,
} from "#devices/http-request.ts";

const LIMITS = { headBytesMax: 200, requestBytesMax: 100_000 };
const keepAll: PlanBody = (head) => ({ kind: "keep", bytes: head.contentLength ?? 0 });

function read(
  text: string,
  chunkBytes = text.length,
  planBody = keepAll,
): (HttpRequest | HttpViolation)[] {
  const reader = new HttpRequestReader(LIMITS, planBody);
  const events: (HttpRequest | HttpViolation)[] = [];
  for (let start = 0; start < text.length; start += chunkBytes) {
    events.push(...reader.push(Buffer.from(text.slice(start, start + chunkBytes), "latin1")));
  }
  return events;
}

function request(text: string): HttpRequest {
  const [event, ...others] = read(text);
  expect(others).toEqual([]);
  if (event?.kind !== "request") throw new Error(JSON.stringify(event));
  return event;
}

function bodyText(event: HttpRequest): string {
  return Buffer.from(event.body).toString("latin1");
}

function violationCode(text: string): string | undefined {
  const event = read(text).at(-1);
  return event?.kind === "violation" ? event.code : undefined;
}

describe("HttpRequestReader.push()", () => {
  test("reads line, headers and body", () => {
    const event = request("POST //x?y=1 HTTP/1.0\r\nA: b\r\nContent-Length: 3\r\n\r\nabc");
    expect({ ...event.head, headers: [...event.head.headers] }).toEqual({
      method: "POST",
      target: "//x?y=1",
      version: "1.0",
      headers: [
        ["a", "b"],
        ["content-length", "3"],
      ],
      contentLength: 3,
    });
    expect(bodyText(event)).toBe("abc");
    expect(event.droppedBytes).toBe(0);
  });

  test("takes headers as firmware writes them", () => {
    const { head } = request(
      "POST http://10.0.0.2:7005/ HTTP/1.1\nHOST:x:7005\nDup: 1\ndup: 2\nE:\nno colon\n T : v \r\n\n",
    );
    expect([...head.headers]).toEqual([
      ["host", "x:7005"],
      ["dup", "1"],
      ["e", ""],
      ["t", "v"],
    ]);
    expect(head.target).toBe("http://10.0.0.2:7005/");
    expect(head.contentLength).toBeUndefined();
  });

  test("reads several requests in one chunk, with stray bytes between them", () => {
    const text = "POST /1 HTTP/1.0\r\nContent-Length: 2\r\n\r\nab\r\nGET /2 HTTP/1.1\r\n\r\n\0\n";
    for (const chunkBytes of [text.length, 1, 7]) {
      const events = read(`${text}POST /3 HTTP/1.0\n\n`, chunkBytes);
      const targets = events.map((event) => event.kind === "request" && event.head.target);
      expect(targets).toEqual(["/1", "/2", "/3"]);
    }
  });

  test("reads the same cut at every position, with either line end", () => {
    for (const end of ["\r\n", "\n"]) {
      const text = ["POST / HTTP/1.0", "A: b", "Content-Length: 5", "", "hello"].join(end);
      const whole = read(text);
      for (let position = 1; position < text.length; position += 1) {
        const reader = new HttpRequestReader(LIMITS, keepAll);
        const parts = [text.slice(0, position), text.slice(position)];
        const events = parts.flatMap((part) => [...reader.push(Buffer.from(part))]);
        expect(events).toEqual(whole);
      }
    }
  });

  test("yields a request before it looks at the next", () => {
    const reader = new HttpRequestReader(LIMITS, keepAll);
    const two = Buffer.from("GET /1 HTTP/1.0\n\nGET /2 HTTP/1.0\n\n");
    const seen: boolean[] = [];
    for (const _ of reader.push(two)) seen.push(reader.midRequest);
    expect(seen).toEqual([false, false]);
  });

  test("takes a head of exactly the limit and refuses one byte more", () => {
    const head = (bytes: number) => {
      const start = "GET / HTTP/1.0\r\nA: ";
      return `${start}${"x".repeat(bytes - start.length - 4)}\r\n\r\n`;
    };
    expect(read(head(200)).map((event) => event.kind)).toEqual(["request"]);
    for (const chunkBytes of [201, 1, 50]) {
      expect(read(head(201), chunkBytes)).toMatchObject([{ code: "head-too-long" }]);
    }
  });

  test.each([
    ["-1", "bad-content-length"],
    ["+1", "bad-content-length"],
    ["1, 1", "bad-content-length"],
    ["0x10", "bad-content-length"],
    ["", "bad-content-length"],
    ["9".repeat(30), "bad-content-length"],
    ["1\r\nContent-Length: 2", "content-length-conflict"],
    ["1\r\nTransfer-Encoding: chunked", "transfer-encoding"],
    ["100000", "request-too-long"],
  ])("refuses Content-Length %j as %s", (value, code) => {
    expect(violationCode(`POST / HTTP/1.0\r\nContent-Length: ${value}\r\n\r\nx`)).toBe(code);
  });

  test("takes a repeated Content-Length that agrees", () => {
    const text = "POST / HTTP/1.0\nContent-Length: 1\ncontent-length:01\n\nx";
    expect(bodyText(request(text))).toBe("x");
  });

  test.each([
    ["GET /\r\n\r\n", "bad-request-line"],
    ["GET\r\n\r\n", "bad-request-line"],
    ["GET / HTTP/2.0\r\n\r\n", "unsupported-version"],
    ["GET / http/1.0\r\n\r\n", "unsupported-version"],
    ["\n\n\n\n\n\n", "bad-request-line"],
  ])("refuses the head %j as %s", (text, code) => {
    expect(violationCode(text)).toBe(code);
  });

  test("yields nothing after a violation", () => {
    const bad = "GET / HTTP/9.9\n\n";
    expect(read(`${bad}GET / HTTP/1.0\n\n`)).toHaveLength(1);
    expect(read(`${bad}GET / HTTP/1.0\n\n`, 1)).toHaveLength(1);
  });
});

describe("HttpRequestReader with a body plan", () => {
  const body = "0123456789".repeat(1000);
  const text = `POST / HTTP/1.0\nContent-Length: ${body.length}\n\n${body}`;

  test.each([1, 3, 1000, text.length])(
    "keeps what the plan says, in chunks of %d",
    (chunkBytes) => {
      const asked: string[] = [];
      const [event] = read(text, chunkBytes, (_head, leading) => {
        asked.push(Buffer.from(leading).toString("latin1"));
        if (leading.length === 0) return { kind: "ask", atBytes: 4 };
        if (leading.length === 4) return { kind: "ask", atBytes: 7 };
        return { kind: "keep", bytes: 5 };
      });
      if (event?.kind !== "request") throw new Error("No request");
      expect(asked).toEqual(["", "0123", "0123456"]);
      expect(bodyText(event)).toBe("01234");
      expect(event.droppedBytes).toBe(body.length - 5);
    },
  );

  test("keeps everything when the plan asks at a point that never comes", () => {
    for (const atBytes of [0, body.length + 1]) {
      const [event] = read(text, 64, () => ({ kind: "ask", atBytes }));
      expect(event?.kind === "request" && bodyText(event)).toBe(body);
    }
  });

  test("keeps nothing when told so, and holds no memory meanwhile", () => {
    const reader = new HttpRequestReader(LIMITS, () => ({ kind: "keep", bytes: 0 }));
    const bytes = Buffer.from(text);
    expect([...reader.push(bytes.subarray(0, -1))]).toEqual([]);
    expect(reader.bufferedBytes).toBe(0);
    expect(reader.midRequest).toBe(true);
    const [event] = [...reader.push(bytes.subarray(-1))];
    expect(event).toMatchObject({ kind: "request", droppedBytes: body.length });
  });

  test("holds no more memory than it waits for while the plan is open", () => {
    const reader = new HttpRequestReader(LIMITS, () => ({ kind: "ask", atBytes: 3000 }));
    const bytes = Buffer.from(text);
    for (let start = 0; start < 2900; start += 100) {
      expect([...reader.push(bytes.subarray(start, start + 100))]).toEqual([]);
      expect(reader.bufferedBytes).toBeLessThanOrEqual(3000);
    }
  });

  test("counts what it holds, and frees it with the request", () => {
    const reader = new HttpRequestReader(LIMITS, keepAll);
    const bytes = Buffer.from(text);
    expect([...reader.push(bytes.subarray(0, -1))]).toEqual([]);
    expect(reader.bufferedBytes).toBeGreaterThanOrEqual(body.length - 1);
    expect(reader.bufferedBytes).toBeLessThanOrEqual(body.length);
    expect([...reader.push(bytes.subarray(-1))]).toHaveLength(1);
    expect(reader.bufferedBytes).toBe(0);
    expect(reader.midRequest).toBe(false);
  });

  test("does not hold the chunk a body came in", () => {
    const reader = new HttpRequestReader(LIMITS, keepAll);
    const chunk = Uint8Array.from(Buffer.from("POST / HTTP/1.0\nContent-Length: 3\n\nabc"));
    const [event] = [...reader.push(chunk)];
    chunk.fill(0);
    expect(event?.kind === "request" && bodyText(event)).toBe("abc");
  });
});

test.each([
  ["/", "/"],
  ["//", "/"],
  ["//iclock/cdata?SN=1", "/iclock/cdata"],
  ["http://10.0.0.2:7005/a/b?c=/d", "/a/b"],
  ["http://10.0.0.2", "/"],
  ["/a?b=http://c/d", "/a"],
])("targetPath(%j) is %j", (target, path) => {
  expect(targetPath(target)).toBe(path);
});

test.each([
  ["1.0", "", false],
  ["1.0", "Connection: Keep-Alive\n", true],
  ["1.1", "", true],
  ["1.1", "Connection: Close\n", false],
])("wantsKeepAlive() of HTTP/%s with %j is %p", (version, header, wants) => {
  expect(wantsKeepAlive(request(`POST / HTTP/${version}\n${header}\n`).head)).toBe(wants);
});
