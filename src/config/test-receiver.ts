/** Where the server itself takes webhooks for a trial: the one place of its own it may send to. */
export const TEST_RECEIVER_PATH = "/api/webhook-receiver/biometric";
