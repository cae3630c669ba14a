/** Aim: a secret that public documents show is known, and a fresh one is not. */

import { expect, test } from "bun:test";
import { isPublishedSecret } from "#config/published-secrets.ts";
import { newSecret } from "#platform/random-text.ts";

test("isPublishedSecret() knows samples of the replaced server's documents", () => {
  expect(isPublishedSecret("your_secure_api_secret_key_here")).toBe(true);
  expect(isPublishedSecret("your_secure_webhook_secret_here")).toBe(true);
  expect(isPublishedSecret("contract-test-secret")).toBe(true);
});

test("isPublishedSecret() takes any other text for a secret", () => {
  expect(isPublishedSecret(newSecret())).toBe(false);
  expect(isPublishedSecret("contract-test-secret ")).toBe(false);
});
