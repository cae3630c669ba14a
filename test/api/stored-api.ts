/** The API over real SQLite, for features whose answers depend on what storage makes of a request. */

import type { WebApiOptions } from "#api/server.ts";
import type { StorageRules } from "#storage/rules.ts";
import { openTestStorage, type TestStorage } from "../support/test-storage.ts";
import { type Answer, ApiFixture } from "./api-fixture.ts";

export class StoredApi implements Disposable {
  readonly opened: TestStorage;
  readonly fixture: ApiFixture;

  constructor(rules: Partial<StorageRules> = {}, change: Partial<WebApiOptions> = {}) {
    this.opened = openTestStorage(rules);
    this.fixture = new ApiFixture({
      storage: this.opened.storage,
      leadingZeros: rules.leadingZeros ?? "drop",
      rateLimit: { requests: 1_000_000, windowSeconds: 60 },
      ...change,
    });
  }

  get storage() {
    return this.opened.storage;
  }

  async get(path: string): Promise<Answer> {
    return this.fixture.get(path);
  }

  /** `POST` with a token; a body that is no text is sent as JSON. */
  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.fixture.call(path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await this.fixture.token()}`,
        "content-type": "application/json",
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  [Symbol.dispose](): void {
    this.opened[Symbol.dispose]();
  }
}
