/** Aim: each way in which systemd does not run the server as installed is named with its command. */

import { describe, expect, test } from "bun:test";
import { readUnitState } from "#box/unit-state.ts";
import { ownUnit } from "#box/unit-text.ts";
import { checkService, type ServiceView } from "#cli/doctor/check-service.ts";
import { troublesOf } from "./judged.ts";

/** As `systemctl show` prints it. */
const SHOWN: Readonly<Record<string, string>> = {
  LoadState: "loaded",
  ExecStart:
    "{ path=/usr/local/bin/biometric-server ; argv[]=/usr/local/bin/biometric-server serve ; pid=812 }",
  FragmentPath: "/etc/systemd/system/biometric-server.service",
  UnitFileState: "enabled",
  NeedDaemonReload: "no",
  ActiveState: "active",
  Result: "success",
  MainPID: "812",
  NRestarts: "0",
};

function unitWith(change: Readonly<Record<string, string>> = {}) {
  const lines = Object.entries({ ...SHOWN, ...change }).map(([name, value]) => `${name}=${value}`);
  return readUnitState(lines.join("\n"));
}

const WELL: ServiceView = {
  unit: unitWith(),
  isService: true,
  unitText: ownUnit(),
  wantedUnitText: ownUnit(),
  runsInstalledFile: true,
  uptimeMs: 60_000,
};

const check = (change: Partial<ServiceView>) => troublesOf(checkService({ ...WELL, ...change }));

describe("checkService()", () => {
  test("finds nothing wrong with a service as it was installed", () => {
    expect(check({})).toEqual({});
  });

  test("names a service that does not run, and one whose settings are wrong", () => {
    const unit = unitWith({ ActiveState: "failed", Result: "exit-code", ExecMainStatus: "1" });
    expect(check({ unit })).toEqual({
      service:
        "fault: journalctl -u biometric-server -n 50, then: systemctl start biometric-server",
    });
    const wrong = unitWith({ ActiveState: "failed", Result: "exit-code", ExecMainStatus: "78" });
    expect(check({ unit: wrong })).toEqual({
      service: "fault: biometric-server config check, then: systemctl start biometric-server",
    });
  });

  test("names a service that does not start with the machine", () => {
    expect(check({ unit: unitWith({ UnitFileState: "disabled" }) })).toEqual({
      "service-enabled": "fault: systemctl enable biometric-server",
    });
  });

  test("names a unit that differs, or that systemd has not read", () => {
    expect(check({ unitText: `${ownUnit()}\n# by hand` })).toEqual({
      "service-unit": "warning: sudo biometric-server install, which writes it and restarts",
    });
    expect(check({ unit: unitWith({ NeedDaemonReload: "yes" }) })).toEqual({
      "service-unit": "warning: systemctl daemon-reload && systemctl restart biometric-server",
    });
  });

  test("names a process of another file, and says when it cannot see", () => {
    expect(check({ runsInstalledFile: false })["service-executable"]).toStartWith(
      "warning: systemctl restart biometric-server",
    );
    expect(check({ runsInstalledFile: undefined })).toEqual({
      "service-executable": "skipped: sudo biometric-server doctor",
    });
  });

  test("names restarts of the last day, and no older ones", () => {
    const unit = unitWith({ NRestarts: "3" });
    expect(check({ unit })["service-restarts"]).toStartWith("warning: journalctl");
    expect(check({ unit, uptimeMs: 25 * 3_600_000 })).toEqual({});
  });

  test("names a service of another program under the name", () => {
    const python = unitWith({ ExecStart: "{ argv[]=/usr/bin/python3 /srv/server.py ; pid=1 }" });
    expect(check({ unit: python })).toEqual({
      service: "fault: sudo ./biometric-server install --replace",
    });
    const other = unitWith({ ExecStart: "{ argv[]=/bin/sleep 9 ; pid=1 }" });
    expect(check({ unit: other }).service).toStartWith("fault: remove or rename");
  });

  test("leaves it out where there is no service, or no systemd", () => {
    expect(check({ unit: readUnitState("LoadState=not-found") })).toEqual({
      service: "skipped: sudo ./biometric-server install",
    });
    expect(check({ isService: false })).toEqual({
      service: "skipped: sudo ./biometric-server install",
    });
    expect(check({ unit: undefined })).toEqual({ service: "skipped: " });
  });
});
