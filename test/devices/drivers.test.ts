// Aim: the drivers as the product lists them, behind the real port: the punch of
// protocols/fkweb.md 14 E1 gets its documented reply byte for byte, wherever it is cut.

import { expect, test } from "bun:test";
import { IntakeDesk } from "./intake-desk.ts";
import { openPort } from "./open-port.ts";
import { settleNetwork, TcpPeer, until } from "./tcp-peer.ts";

const HEAD = [
  "POST / HTTP/1.0",
  "Content-Type: application/octet-stream",
  "Connection: close",
  "request_code: realtime_glog",
  "Content-Length: 126",
  "trans_id: RTLogSendAction",
  "dev_id: C26858A1",
  "blk_no: 0",
  "blk_len: 126",
  "HOST: 192.0.2.1:7005",
  "",
  "",
].join("\r\n");
const BODY =
  "\x7a\0\0\0" +
  '{"fk_bin_data_lib":"FKDataHS101","io_mode":1,"io_time":"20260302081504",' +
  '"log_image":null,"user_id":"27","verify_mode":3}\n\0';
const E1_REQUEST = HEAD + BODY;

const E1_REPLY =
  "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nresponse_code: OK\r\n" +
  "Content-Length: 0\r\nConnection: close\r\n\r\n";

const LIMITS = { headBytesMax: 8_192, textBytesMax: 65_536, requestBytesMax: 16_777_216 };

test("createDrivers() answer E1 byte for byte, wherever it is cut", async () => {
  const desk = new IntakeDesk();
  const listener = openPort(desk, LIMITS);
  expect(Buffer.byteLength(BODY, "latin1")).toBe(126);
  for (const cut of [E1_REQUEST.length, 1, 20, HEAD.length - 1, HEAD.length, HEAD.length + 5]) {
    const peer = await TcpPeer.connect(listener.port);
    peer.send(E1_REQUEST.slice(0, cut));
    await settleNetwork();
    peer.send(E1_REQUEST.slice(cut));
    await until(() => desk.waitingCount === 1);
    expect(peer.receivedText).toBe("");
    desk.settle("stored");
    expect(await peer.receiveAll()).toBe(E1_REPLY);
  }
  expect(desk.received).toHaveLength(6);
  expect(desk.received[0]).toMatchObject({
    driver: "fkweb",
    remoteAddress: "127.0.0.1",
    intake: {
      kind: "punches",
      deviceId: "C26858A1",
      punches: [{ userIdText: "27", wallTimeText: "20260302081504" }],
    },
  });
  await listener.stop();
});

test("createDrivers() take a head that is longer than what is looked at to find the driver", async () => {
  const desk = new IntakeDesk();
  const listener = openPort(desk, LIMITS);
  const peer = await TcpPeer.connect(listener.port);
  const padding = `Accept: ${"image/gif, ".repeat(500)}*/*\r\n`;
  peer.send(E1_REQUEST.replace("request_code:", `${padding}request_code:`));
  await until(() => desk.waitingCount === 1);
  desk.settle("stored");
  expect(await peer.receiveAll()).toBe(E1_REPLY);
  await listener.stop();
});
