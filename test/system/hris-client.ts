/**
 * The HRIS as it is documented: it keeps a token for 23 hours and asks for another by the clock
 * alone, reads the logs of the last 7 site days and knows a record again by terminal, user and
 * time. It looks at nothing else: at no header, no status but 200, no further field.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TOKEN_KEPT_MS = 23 * HOUR_MS;
/** It thinks in Manila days. */
const SITE_OFFSET_MS = 8 * HOUR_MS;
const DAYS_READ = 7;

/** A record as it keeps it. */
export interface AttendanceRecord {
  readonly device_id: string;
  readonly user_id: number | string;
  readonly timestamp: string;
  readonly direction: string;
}

/** Where it reads, and what time it has. */
export interface HrisClientOptions {
  readonly apiUrl: string;
  readonly clientSecret: string;
  /** Its own clock (UTC, epoch milliseconds). */
  readonly nowMs: () => number;
}

/** One HRIS over all its days. */
export class HrisClient {
  /** By terminal, user and time, in the order in which they were first seen. */
  readonly attendance = new Map<string, AttendanceRecord>();
  tokenCount = 0;
  /** Polls that were not answered with 200, by what happened instead. */
  readonly failedPolls: string[] = [];
  readonly #options: HrisClientOptions;
  #token = "";
  #tokenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: HrisClientOptions) {
    this.#options = options;
  }

  /** Every 15 minutes. */
  async pollLogs(): Promise<void> {
    const today = this.#options.nowMs() + SITE_OFFSET_MS;
    const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
    const range = `start_date=${day(today - (DAYS_READ - 1) * DAY_MS)}&end_date=${day(today)}`;
    const answer: { logs: AttendanceRecord[] } | undefined = await this.#poll(`logs?${range}`);
    // A record that is known already is the same attendance, perhaps with a corrected direction.
    for (const log of answer?.logs ?? []) this.attendance.set(attendanceKey(log), log);
  }

  /** Every hour. */
  async pollUsers(): Promise<readonly { readonly user_id: number }[] | undefined> {
    const answer: { users: { user_id: number }[] } | undefined = await this.#poll("users");
    return answer?.users;
  }

  async #poll<Body>(path: string): Promise<Body | undefined> {
    try {
      const headers = { Authorization: `Bearer ${await this.#currentToken()}` };
      const response = await fetch(`${this.#options.apiUrl}/api/biometric/${path}`, { headers });
      const body = await response.text();
      if (response.status === 200) return JSON.parse(body);
      this.failedPolls.push(`${path}: ${response.status} ${body}`);
    } catch (error) {
      this.failedPolls.push(`${path}: ${error}`);
    }
    return undefined;
  }

  async #currentToken(): Promise<string> {
    const { apiUrl, clientSecret, nowMs } = this.#options;
    if (nowMs() - this.#tokenAtMs < TOKEN_KEPT_MS) return this.#token;
    const response = await fetch(`${apiUrl}/api/auth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ client_id: "hris_system", client_secret: clientSecret }),
    });
    const { token }: { token: string } = JSON.parse(await response.text());
    this.#token = token;
    this.#tokenAtMs = nowMs();
    this.tokenCount += 1;
    return token;
  }
}

/** What two records of one attendance have in common. */
export function attendanceKey(record: Omit<AttendanceRecord, "direction">): string {
  return `${record.device_id} ${record.user_id} ${record.timestamp}`;
}
