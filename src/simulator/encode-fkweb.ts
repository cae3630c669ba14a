/**
 * Spells FKWeb requests (dialect D2) as a terminal does. Written from the protocol document alone and
 * never from the server's decoder, so that an error in one of the two is not hidden by the other.
 */

/** One attendance event as a fake terminal holds it. */
export interface SimulatedPunch {
  /** `[A-Za-z0-9_]{1,18}`. */
  readonly deviceId: string;
  readonly userId: string;
  /** 14 digits `YYYYMMDDhhmmss`, the terminal's local time. */
  readonly wallTime: string;
  /** `io_mode`, in the plain form of library `FKDataHS101`. */
  readonly ioModeCode: number;
  /** `verify_mode`, in the plain form of library `FKDataHS101`. */
  readonly verifyModeCode: number;
}

/** What a fake terminal says of itself when it polls. */
export interface SimulatedPoll {
  readonly name: string;
  /** 14 digits `YYYYMMDDhhmmss`, the terminal's local time. */
  readonly wallTime: string;
}

/** The request line and headers around a body. */
export interface RequestHead {
  readonly requestCode: "realtime_glog" | "receive_cmd";
  readonly deviceId: string;
  /** Host and port as the terminal was told them. */
  readonly server: string;
  /** False: HTTP/1.0, one request per connection, as terminals do. True: HTTP/1.1, kept open. */
  readonly keepAlive: boolean;
}

const LIBRARY = "FKDataHS101";
const LENGTH_PREFIX_BYTES = 4;
/** The tail of the text block; the length prefix counts it (protocol section 4). */
const TERMINATOR = "\n\0";

/** Encodes a `realtime_glog` body without a photo: length prefix, JSON, terminator (section 6.2). */
export function encodePunchBody(punch: SimulatedPunch): Uint8Array {
  return encodeTextBlock({
    fk_bin_data_lib: LIBRARY,
    io_mode: punch.ioModeCode,
    io_time: punch.wallTime,
    log_image: null,
    user_id: punch.userId,
    verify_mode: punch.verifyModeCode,
  });
}

/** Encodes a `receive_cmd` body: length prefix, JSON, terminator (section 6.1). */
export function encodePollBody(poll: SimulatedPoll): Uint8Array {
  return encodeTextBlock({
    fk_info: {
      firmware: "SIMFW V1.00",
      firmware_filename: "simfw_um",
      fk_bin_data_lib: LIBRARY,
      fp_data_ver: 128,
      supported_enroll_data: ["FP", "PASSWORD", "IDCARD"],
    },
    fk_name: poll.name,
    fk_time: poll.wallTime,
  });
}

/** Encodes a whole request: the headers in the order captured from terminals (section 2), then `body`. */
export function encodeRequest(head: RequestHead, body: Uint8Array): Uint8Array {
  const transaction =
    head.requestCode === "receive_cmd" ? "ReceiveCommandAction" : "RTLogSendAction";
  const lines = [
    `POST / HTTP/${head.keepAlive ? "1.1" : "1.0"}`,
    "Accept: image/gif, image/jpeg, image/pjpeg, application/vnd.ms-powerpoint, */*",
    "Accept-Language: en-us",
    "Accept-Encoding: gzip, deflate",
    "User-Agent: Mozilla/4.0",
    "Content-Type: application/octet-stream",
    `Connection: ${head.keepAlive ? "keep-alive" : "close"}`,
    `request_code: ${head.requestCode}`,
    "Content-Type: application/octet-stream",
    `Content-Length: ${body.length}`,
    `trans_id: ${transaction}`,
    `dev_id: ${head.deviceId}`,
    "blk_no: 0",
    `blk_len: ${body.length}`,
    `HOST: ${head.server}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

function encodeTextBlock(content: object): Uint8Array {
  const text = JSON.stringify(content) + TERMINATOR;
  const textBytes = Buffer.byteLength(text);
  const block = Buffer.allocUnsafe(LENGTH_PREFIX_BYTES + textBytes);
  block.writeUInt32LE(textBytes, 0);
  block.write(text, LENGTH_PREFIX_BYTES);
  return block;
}
