/** Aim: the control socket adds, lists and revokes API clients, and tells a secret once. */

import { afterEach, describe, expect, test } from "bun:test";
import { field, textField } from "../../api-fixture.ts";
import { ask, ControlFixture, cleanUpControl, temporaryPath } from "../control-fixture.ts";

afterEach(cleanUpControl);

async function start() {
  const fixture = new ControlFixture();
  const path = temporaryPath();
  await fixture.start(path);
  const post = (verb: string, query: Record<string, string>) =>
    ask(path, "POST", `/clients/${verb}?${new URLSearchParams(query)}`);
  const list = async () => (await ask(path, "GET", "/clients")).json;
  return { fixture, path, post, list };
}

describe("the API clients on the control socket", () => {
  test("makes a secret of 32 random bytes, and keeps only its digest", async () => {
    const { fixture, post, list } = await start();
    const added = await post("add", { name: "payroll", scope: "write,read" });
    expect(added.json).toEqual({
      result: "done",
      scopes: ["read", "write"],
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const secret = textField(added.json, "secret");
    const digest = new Bun.CryptoHasher("sha256").update(secret).digest("hex");
    expect(fixture.storage.clients.get("payroll")?.secretSha256).toBe(digest);
    const kept = JSON.stringify([fixture.log.lines, await list()]);
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(digest);
    expect(fixture.log.of("client.added")[0]?.fields).toEqual({
      client: "payroll",
      scope: "read write",
    });
    const other = await post("add", { name: "other", scope: "read" });
    expect(textField(other.json, "secret")).not.toBe(secret);
  });

  test("lists clients in force and revoked names", async () => {
    const { fixture, post, list } = await start();
    await post("add", { name: "payroll", scope: "admin" });
    await fixture.clock.advance(60_000);
    await post("revoke", { name: "hris_system" });
    const times = {
      created_at: "2026-03-02T00:16:04.000Z",
      revoked_at: "2026-03-02T00:16:04.000Z",
    };
    expect(await list()).toEqual({
      clients: [
        {
          name: "payroll",
          scopes: ["admin"],
          has_own_secret: true,
          created_at: "2026-03-02T00:15:04.000Z",
          revoked_at: null,
        },
        { name: "hris_system", scopes: [], has_own_secret: false, ...times },
      ],
    });
  });

  test("does not give a name a second secret", async () => {
    const { post } = await start();
    await post("add", { name: "payroll", scope: "read" });
    expect((await post("add", { name: "payroll", scope: "read" })).json).toEqual({
      result: "exists",
    });
  });

  test("tells whether the secret died with the name, and revokes once", async () => {
    const { fixture, post } = await start();
    await post("add", { name: "payroll", scope: "read" });
    expect((await post("revoke", { name: "payroll" })).json).toEqual({
      result: "done",
      had_own_secret: true,
    });
    expect((await post("revoke", { name: "payroll" })).json).toEqual({
      result: "unchanged",
      had_own_secret: true,
    });
    expect((await post("revoke", { name: "hris" })).json).toEqual({
      result: "done",
      had_own_secret: false,
    });
    expect(fixture.log.of("client.revoked").map(({ fields }) => fields.client)).toEqual([
      "payroll",
      "hris",
    ]);
  });

  test.each(["a.b", "..", "a/b", "100%", "ÄÖ 漢字", "a?b#c", "q\"uote'", "a+b&c=d", " x "])(
    "takes the name %p as it is",
    async (name) => {
      const { fixture, post } = await start();
      expect(field((await post("add", { name, scope: "read" })).json, "result")).toBe("done");
      expect([...fixture.storage.clients.keys()]).toEqual([name]);
      expect(field((await post("revoke", { name })).json, "result")).toBe("done");
    },
  );

  test.each([
    ["no name", "?scope=read"],
    ["an empty name", "?name=&scope=read"],
    ["a name with a line end", "?name=a%0Ab&scope=read"],
    ["a name of 257 characters", `?name=${"x".repeat(257)}&scope=read`],
    ["two names", "?name=a&name=b&scope=read"],
    ["no scope", "?name=a"],
    ["an unknown scope", "?name=a&scope=read,everything"],
    ["an unknown parameter", "?name=a&scope=read&secret=mine"],
  ])("answers 400 to %s, and changes nothing", async (_case, query) => {
    const { fixture, path } = await start();
    const answer = await ask(path, "POST", `/clients/add${query}`);
    expect(answer.status).toBe(400);
    expect(fixture.storage.clients.size).toBe(0);
  });

  test.each(["", "?name=", "?name=a%00", "?name=a&scope=read"])(
    "answers 400 to a revocation with %p",
    async (query) => {
      const { fixture, path } = await start();
      expect((await ask(path, "POST", `/clients/revoke${query}`)).status).toBe(400);
      expect(fixture.storage.clients.size).toBe(0);
    },
  );
});
