/**
 * Spells the request line and headers of the FKWeb family as captured from terminals (protocol
 * section 2): fixed order, `Content-Type` twice, `HOST` last and in capitals.
 */

/** What differs between the makes of terminals. */
export interface HeadStyle {
  /** As in the request line; `absolute` for the whole URI with the path `/`. */
  readonly path: "/" | "//" | "/hdata.aspx" | "/AIData.aspx" | "absolute";
  /** D3 calls the transaction header `cmd_id`. */
  readonly transactionHeader: "trans_id" | "cmd_id";
  /** False for firmware that writes `name:value`. */
  readonly spaceAfterColon: boolean;
  /** Value of `dev_model`, which D6 sends. */
  readonly deviceModel: string | undefined;
}

/** One request's own values. */
export interface RequestHead {
  readonly requestCode: string;
  /** The action's name, or for a result the id of the command. */
  readonly transaction: string;
  /** `cmd_return_code`, with a result only. */
  readonly returnCode: string | undefined;
  readonly deviceId: string;
  /** Host and port as the terminal was told them. */
  readonly server: string;
  /** False: HTTP/1.0, one request per connection, as terminals do. True: HTTP/1.1, kept open. */
  readonly keepAlive: boolean;
  /** 0 for a whole body or the last block; the other blocks count from 1. */
  readonly blockNumber: number;
}

/** Encodes the head of a request with `bodyBytes` of body, the empty line included. */
export function encodeHead(head: RequestHead, style: HeadStyle, bodyBytes: number): Uint8Array {
  const target = style.path === "absolute" ? `http://${head.server}/` : style.path;
  const fields: [name: string, value: string][] = [
    ["Accept", "image/gif, image/jpeg, image/pjpeg, application/vnd.ms-powerpoint, */*"],
    ["Accept-Language", "en-us"],
    ["Accept-Encoding", "gzip, deflate"],
    ["User-Agent", "Mozilla/4.0"],
    ["Content-Type", "application/octet-stream"],
    ["Connection", head.keepAlive ? "keep-alive" : "close"],
    ["request_code", head.requestCode],
    ["Content-Type", "application/octet-stream"],
    ["Content-Length", String(bodyBytes)],
    [style.transactionHeader, head.transaction],
    ["dev_id", head.deviceId],
    ["blk_no", String(head.blockNumber)],
    ["blk_len", String(bodyBytes)],
  ];
  if (head.returnCode !== undefined) fields.push(["cmd_return_code", head.returnCode]);
  if (style.deviceModel !== undefined) fields.push(["dev_model", style.deviceModel]);
  fields.push(["HOST", head.server]);
  const colon = style.spaceAfterColon ? ": " : ":";
  const lines = fields.map(([name, value]) => `${name}${colon}${value}\r\n`).join("");
  const version = head.keepAlive ? "1.1" : "1.0";
  return Buffer.from(`POST ${target} HTTP/${version}\r\n${lines}\r\n`, "latin1");
}
