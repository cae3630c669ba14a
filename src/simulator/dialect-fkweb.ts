/**
 * The HTTP dialects: D2, D3 and D4 with framed bodies, cut into blocks where they are long, and D6
 * with plain JSON (protocol sections 1, 4, 5 and 6). Written from the protocol document alone and
 * never from the server's decoder.
 */

import type { Dialect, TerminalMessage, WireRequest } from "./dialect.ts";
import { cutBlocks, encodeFramedBody, parseFields, readFramedParameters } from "./framed-body.ts";
import type { Library, Wire } from "./models.ts";
import { readReply } from "./reply-fkweb.ts";
import { encodeHead, type HeadStyle } from "./request-head.ts";
import type { SimulatedPunch } from "./simulated-punch.ts";
import type { SimulatedUser } from "./simulated-user.ts";
import { userFields } from "./user-fields.ts";

/** Who speaks, and to whom. */
export interface Speaker {
  readonly deviceId: string;
  /** Host and port as the terminal was told them. */
  readonly server: string;
  readonly library: Library;
  /** Send all requests over one connection, as far as the server allows it. */
  readonly keepAlive: boolean;
}

type FramedWire = Wire & { readonly protocol: "framed" };
type Fields = Readonly<Record<string, unknown>>;

/** `request_code` and the literal action names of section 3; a result names its command instead. */
const REQUEST_CODES = {
  punch: "realtime_glog",
  poll: "receive_cmd",
  enrollment: "realtime_enroll_data",
  result: "send_cmd_result",
} as const;
const ACTIONS = {
  punch: "RTLogSendAction",
  poll: "ReceiveCommandAction",
  enrollment: "RTEnrollDataAction",
} as const;
const NO_BODY = new Uint8Array(0);

/** Makes dialect D2, D3 or D4, as `wire` says. */
export function framedDialect(wire: FramedWire, speaker: Speaker): Dialect {
  return {
    takesCommands: true,
    encode: (message) => {
      const body = framedBody(message, wire, speaker.library);
      const blocks = cutBlocks(body, wire.blockBytesMax);
      return blocks.map((block, index) => {
        const isLast = index === blocks.length - 1;
        const number = isLast ? 0 : index + 1;
        return encodeRequest({ message, speaker, style: wire.style, block, number });
      });
    },
    readParameters: readFramedParameters,
  };
}

/** Makes dialect D6. The spelling of its polls and enrollment pushes is not confirmed on hardware. */
export function aidataDialect(style: HeadStyle, speaker: Speaker): Dialect {
  return {
    takesCommands: true,
    encode: (message) => [
      encodeRequest({ message, speaker, style, block: aidataBody(message), number: 0 }),
    ],
    readParameters: (body) => {
      const fields = body.length === 0 ? {} : parseFields(Buffer.from(body).toString("utf8"));
      return fields === undefined ? undefined : { fields, binaries: [] };
    },
  };
}

function encodeRequest(parts: {
  readonly message: TerminalMessage;
  readonly speaker: Speaker;
  readonly style: HeadStyle;
  readonly block: Uint8Array;
  readonly number: number;
}): WireRequest {
  const { message, speaker, style, block, number } = parts;
  const head = encodeHead(
    {
      requestCode: REQUEST_CODES[message.kind],
      transaction: transactionOf(message, style),
      returnCode: message.kind === "result" ? message.result.returnCode : undefined,
      deviceId: speaker.deviceId,
      server: speaker.server,
      keepAlive: speaker.keepAlive,
      blockNumber: number,
    },
    style,
    block.length,
  );
  // With `dev_model` a transaction in the answer to a push is taken for a pending command (6.2).
  const refusesTransaction =
    style.deviceModel !== undefined && (message.kind === "punch" || message.kind === "enrollment");
  return {
    bytes: Buffer.concat([head, block]),
    headBytes: head.length,
    readReply: (received, ended) => {
      const reply = readReply(received, ended, style.transactionHeader);
      if (reply === undefined || !refusesTransaction || reply.transaction === "") return reply;
      return { ...reply, acknowledges: false };
    },
  };
}

function transactionOf(message: TerminalMessage, style: HeadStyle): string {
  if (message.kind === "result") return message.result.commandId;
  const action = ACTIONS[message.kind];
  return style.deviceModel === undefined ? action : action.replace(/Action$/, "");
}

function framedBody(message: TerminalMessage, wire: FramedWire, library: Library): Uint8Array {
  switch (message.kind) {
    case "punch": {
      const { photo } = message.punch;
      const fields = punchFields(message.punch, wire.keyOrder, library);
      return encodeFramedBody(fields, wire.terminator, photo === undefined ? [] : [photo]);
    }
    case "poll": {
      const { name, wallTime } = message.poll;
      const fields = { fk_info: terminalInfo(library), fk_name: name, fk_time: wallTime };
      return encodeFramedBody(fields, wire.terminator);
    }
    case "enrollment": {
      const spelling = wire.keyOrder === "m50" ? "m50" : "usual";
      const { fields, binaries } = userFields(message.user, spelling);
      return encodeFramedBody(fields, wire.terminator, binaries);
    }
    case "result": {
      const { fields, binaries } = message.result;
      if (fields === undefined) return NO_BODY;
      return encodeFramedBody(fields, wire.terminator, binaries);
    }
  }
}

function terminalInfo(library: Library): Fields {
  return {
    firmware: "SIMFW V1.00",
    firmware_filename: "simfw_um",
    fk_bin_data_lib: library,
    fp_data_ver: 128,
    supported_enroll_data: ["FP", "PASSWORD", "IDCARD"],
  };
}

function punchFields(
  punch: SimulatedPunch,
  keyOrder: FramedWire["keyOrder"],
  library: Library,
): Fields {
  const { userId, wallTime, ioModeCode, verifyModeCode, photo } = punch;
  const image = photo === undefined ? null : "BIN_1";
  switch (keyOrder) {
    case "alphabetical":
      return {
        fk_bin_data_lib: library,
        io_mode: ioModeCode,
        io_time: wallTime,
        log_image: image,
        user_id: userId,
        verify_mode: verifyModeCode,
      };
    case "own":
      return {
        user_id: userId,
        io_time: wallTime,
        verify_mode: verifyModeCode,
        io_mode: ioModeCode,
        log_image: image,
        fk_bin_data_lib: library,
      };
    case "m50":
      return {
        fk_bin_data_lib: library,
        user_id: userId,
        verify_mode: verifyModeCode,
        io_mode: ioModeCode,
        io_time: wallTime,
        ...(image === null ? {} : { log_image: image }),
      };
  }
}

function aidataBody(message: TerminalMessage): Uint8Array {
  switch (message.kind) {
    case "punch":
      return plainJson(aidataPunch(message.punch));
    case "poll":
      return plainJson({ time: message.poll.wallTime });
    case "enrollment":
      return plainJson(aidataUser(message.user));
    case "result":
      return message.result.fields === undefined ? NO_BODY : plainJson(message.result.fields);
  }
}

function aidataPunch(punch: SimulatedPunch): Fields {
  return {
    userId: punch.userId,
    time: punch.wallTime,
    verifyMode: punch.verifyModeCode,
    ioMode: punch.ioModeCode,
    inOut: 0,
    doorMode: 0,
    logPhoto: punch.photo === undefined ? "" : Buffer.from(punch.photo).toString("base64"),
  };
}

function aidataUser(user: SimulatedUser): Fields {
  const textOf = (wanted: number): string => {
    const found = user.credentials.find(({ backupNumber }) => backupNumber === wanted);
    return found === undefined ? "" : Buffer.from(found.data).toString("latin1");
  };
  return {
    userId: user.userId,
    name: user.name,
    privilege: user.privilege,
    card: textOf(11),
    pwd: textOf(10),
    photo: user.photo === undefined ? "" : Buffer.from(user.photo).toString("base64"),
  };
}

function plainJson(fields: object): Uint8Array {
  return Buffer.from(JSON.stringify(fields));
}
