/**
 * Aim: the verb `serve` starts with nothing set, tells a first start from a later one, and ends
 * when it is asked to.
 */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "#cli/run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serve-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Serving {
  /** Resolves when the notice is out. */
  readonly ready: Promise<void>;
  readonly printed: () => string;
  /** Asks it to end. Gives the exit code. */
  readonly stop: () => Promise<number>;
}

function serve(variables: Readonly<Record<string, string>> = {}, isJournal = false): Serving {
  const ready = Promise.withResolvers<void>();
  const stopRequested = Promise.withResolvers<string>();
  let printed = "";
  const take = (text: string): void => {
    printed += text;
    if (printed.includes("documentation: /swagger")) ready.resolve();
  };
  const ended = runCli(["serve"], {
    out: take,
    error: take,
    isTerminal: false,
    isJournal,
    variables: {
      DATA_DIR: join(folder, "data"),
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: "0",
      WEB_BIND: "127.0.0.1",
      WEB_PORT: "0",
      ...variables,
    },
    programName: "biometric-server",
    stopRequested: () => stopRequested.promise,
    onReloadRequested: () => undefined,
  });
  return {
    // A server that ends before it is ready must not leave the test waiting.
    ready: Promise.race([ready.promise, ended.then(() => undefined)]),
    printed: () => printed,
    stop: () => {
      stopRequested.resolve("SIGTERM");
      return ended;
    },
  };
}

describe("serve", () => {
  test("makes what it needs, prints at most 15 lines and no secret, answers, and ends with 0", async () => {
    const serving = serve();
    await serving.ready;
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(serving.printed())?.[1];
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(health.status).toBe(200);
    expect(serving.printed().trimEnd().split("\n").length).toBeLessThanOrEqual(15);
    expect(await serving.stop()).toBe(0);
    expect(serving.printed()).toContain("server.stopped");
    for (const name of ["hris-api-secret-key", "webhook-secret", "token-signing-key"]) {
      const path = join(folder, "data/secrets", name);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(serving.printed()).not.toContain(readFileSync(path, "utf8").trim());
    }
  });

  test("tells a later start in 3 lines", async () => {
    const first = serve();
    await first.ready;
    await first.stop();
    expect(first.printed()).toContain("is ready for the first time");
    const second = serve();
    await second.ready;
    await second.stop();
    expect(second.printed()).not.toContain("first time");
    expect(second.printed()).toContain(`is ready, data in ${folder}/data`);
  });

  test("marks log lines with their priority under the journal", async () => {
    const serving = serve({}, true);
    await serving.ready;
    await serving.stop();
    expect(serving.printed()).toContain("\n<6>server.stopping signal=SIGTERM\n");
  });

  test("ends with 1 and a hint when its port is taken", async () => {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      const serving = serve({ SERVER_PORT: String(other.port) });
      expect(await serving.stop()).toBe(1);
      expect(serving.printed()).toMatch(/error: .*\nhint: /);
    } finally {
      other.stop(true);
    }
  });
});
