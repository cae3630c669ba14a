/**
 * Aim: nobody reading the log is no reason to leave a terminal without its answer.
 */

import { expect, setDefaultTimeout, test } from "bun:test";
import { EXECUTABLE, RunningServer } from "../support/running-server.ts";
import { simulate } from "./simulation.ts";

setDefaultTimeout(30_000);

test("serve goes on answering when the reader of its output has gone, and ends as asked", async () => {
  await using place = new RunningServer();
  const server = Bun.spawn([EXECUTABLE, "serve"], {
    cwd: place.folder,
    env: {
      DATA_DIR: place.dataDir,
      SERVER_PORT: String(place.terminalPort),
      WEB_PORT: String(place.webPort),
    },
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const reader = server.stdout.getReader();
    let printed = "";
    while (!printed.includes("devices list")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`Server ended, having printed:\n${printed}`);
      printed += new TextDecoder().decode(value);
    }
    await reader.cancel();
    // Each new terminal is told in the log.
    const report = await simulate(place, "--terminals", "3", "--punches", "4");
    expect(report).toMatchObject({ acknowledged: 12, unacknowledged: 0 });
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  } finally {
    server.kill("SIGKILL");
  }
});
