/** Says in the original's shape what came of a test message. */

import type { TestResult } from "#webhooks/test-event.ts";
import type { WebhookTest } from "./model.ts";

/** What the answer tells beside the result. */
export interface TestPlace {
  /** Of the receiver, for people; undefined when none is set. */
  readonly url: string | undefined;
  /** Where this server takes webhooks itself, for a trial. */
  readonly ownReceiverUrl: string;
}

/** `result` undefined: there was nowhere to send to. */
export function spellTest(result: TestResult | undefined, place: TestPlace): WebhookTest {
  const { url = "" } = place;
  if (result === undefined) {
    return failed(place, {
      message: "No test message was sent",
      result: { success: false, url, error: "No webhook is set" },
      recommendation: "Set BIOMETRIC_WEBHOOK_URL, leave BIOMETRIC_WEBHOOK_ENABLED true, and reload",
    });
  }
  if (result.kind !== "answered") {
    return failed(place, {
      message: "The test message did not reach the receiver",
      result: { success: false, url, error: errorText(result) },
      recommendation: "Go through the points of troubleshooting; punches wait meanwhile",
    });
  }
  const { httpStatus, text } = result;
  const success = httpStatus >= 200 && httpStatus < 300;
  const testResult = { success, url, status_code: httpStatus, response: text };
  if (success) {
    return {
      success,
      message: "The receiver took the test message",
      test_result: testResult,
      recommendation: "Nothing to do: punches are sent as they come",
    };
  }
  return failed(place, {
    message: `The receiver answered ${httpStatus} to the test message`,
    result: testResult,
    recommendation: adviceOn(httpStatus),
  });
}

function failed(
  place: TestPlace,
  said: {
    readonly message: string;
    readonly result: WebhookTest["test_result"];
    readonly recommendation: string;
  },
): WebhookTest {
  return {
    success: false,
    message: said.message,
    test_result: said.result,
    recommendation: said.recommendation,
    troubleshooting: {
      check_hris_running: "Is the HRIS running, and does it listen at this host and port?",
      check_endpoint: "Does the HRIS take POST with JSON at the path of BIOMETRIC_WEBHOOK_URL?",
      check_network: "Does this machine find the host, and do firewalls let it through?",
      alternative_url: place.ownReceiverUrl,
    },
  };
}

function errorText(result: Exclude<TestResult, { readonly kind: "answered" }>): string {
  if (result.kind === "aborted") return "Given up: nobody waits for the answer";
  if (result.code === "timeout") return "Timeout after 10 seconds";
  if (result.detail === "ECONNREFUSED") return "Connection refused";
  const what = result.code === "tls" ? "Secure connection failed" : "Connection failed";
  return `${what}: ${result.detail}`;
}

function adviceOn(httpStatus: number): string {
  if (httpStatus >= 300 && httpStatus < 400) {
    return "Set BIOMETRIC_WEBHOOK_URL to the address that it redirects to; none is followed";
  }
  if (httpStatus === 401 || httpStatus === 403) {
    return "Compare BIOMETRIC_WEBHOOK_SECRET with that of the HRIS";
  }
  if (httpStatus === 404 || httpStatus === 405) return "Compare the path with that of the HRIS";
  return "Look into the log of the HRIS; it may refuse a test message and yet take punches";
}
