/**
 * A terminal of dialect D2 that does as it is told by the test: polls, and results of commands, each on
 * a connection of its own. It knows the wire and nothing of the server.
 */

import { framed, post } from "../devices/fkweb/requests.ts";
import { sendWhole } from "./terminal-socket.ts";

/** A reply to a poll, as it came. */
export interface PollReply {
  /** Everything that came, as Latin-1; empty when the connection was closed without a byte. */
  readonly text: string;
  /** `cmd_code`; empty on an idle poll. */
  readonly code: string;
  /** `trans_id`; empty on an idle poll. */
  readonly id: string;
  readonly body: Buffer;
}

const CLOCK = "20260302081459";
const pollJson = (library: string, clock: string): string =>
  `{"fk_info":{"firmware":"SIMFW V1.00","fk_bin_data_lib":"${library}"},"fk_name":"gate-1","fk_time":"${clock}"}`;

export class ScriptedTerminal {
  readonly #port: number;
  readonly #device: string;
  readonly #library: string;

  constructor(port: number, device: string, library = "FKDataHS101") {
    this.#port = port;
    this.#device = device;
    this.#library = library;
  }

  /** `clock` is what it shows: 14 digits. */
  async poll(clock = CLOCK): Promise<PollReply> {
    const headers = { ...this.#headers("ReceiveCommandAction"), request_code: "receive_cmd" };
    const text = await sendWhole(this.#port, post(framed(pollJson(this.#library, clock)), headers));
    const end = text.indexOf("\r\n\r\n") + 4;
    return {
      text,
      code: /\r\ncmd_code: (.*)\r\n/.exec(text)?.[1] ?? "",
      id: /\r\ntrans_id: (.*)\r\n/.exec(text)?.[1] ?? "",
      body: Buffer.from(text.slice(end), "latin1"),
    };
  }

  /** Sends a result and gives the whole reply; the text may name binaries. */
  async result(
    id: string,
    said: {
      readonly code?: string;
      readonly json?: string;
      readonly binaries?: readonly Uint8Array[];
    } = {},
  ): Promise<string> {
    const { code = "OK", json, binaries = [] } = said;
    const body = json === undefined ? new Uint8Array(0) : framed(json, "\n\0", binaries);
    const own = { request_code: "send_cmd_result", cmd_return_code: code };
    return sendWhole(this.#port, post(body, { ...this.#headers(id), ...own }));
  }

  #headers(transaction: string) {
    return { dev_id: this.#device, trans_id: transaction, Connection: "close" };
  }
}
