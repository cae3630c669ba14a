/** Aim: whose service it is, and what it is given, is read from what systemd shows. */

import { describe, expect, test } from "bun:test";
import { readUnitState } from "#box/unit-state.ts";

const exec = (argv: string) =>
  `ExecStart={ path=${argv.split(" ")[0]} ; argv[]=${argv} ; ignore_errors=no ; pid=0 }`;

function kindOf(argv: string): string {
  return readUnitState(`LoadState=loaded\n${exec(argv)}`).kind;
}

describe("readUnitState()", () => {
  test("tells our service from the Python server and from others", () => {
    expect(kindOf("/usr/local/bin/biometric-server serve")).toBe("ours");
    expect(kindOf("/usr/bin/python3 /srv/old/server.py")).toBe("python");
    expect(kindOf("/srv/old/.venv/bin/python3.11 -m server")).toBe("python");
    expect(kindOf("/home/hr/.local/bin/uv run server.py")).toBe("python");
    expect(kindOf("/usr/bin/env python3 server.py")).toBe("python");
    expect(kindOf("/opt/biometric/biometric-server serve")).toBe("other");
    expect(kindOf("/opt/pythonish/server")).toBe("other");
    expect(readUnitState("LoadState=not-found\nActiveState=inactive").kind).toBe("none");
    expect(readUnitState("").kind).toBe("none");
  });

  test("reads what the unit gives its program", () => {
    const state = readUnitState(`LoadState=loaded
FragmentPath=/etc/systemd/system/biometric-server.service
DropInPaths=/etc/systemd/system/biometric-server.service.d/a.conf
UnitFileState=enabled
ActiveState=active
MainPID=812
NRestarts=2
WorkingDirectory=!/srv/old
EnvironmentFiles=/etc/default/old (ignore_errors=yes)
EnvironmentFiles=/srv/old/secrets (ignore_errors=no)
Environment=WEB_PORT=5050 "HRIS_API_SECRET_KEY=two words \\"quoted\\"" EMPTY=
`);
    expect(state).toMatchObject({
      path: "/etc/systemd/system/biometric-server.service",
      isEnabled: true,
      activeState: "active",
      mainPid: 812,
      restartCount: 2,
      workingDirectory: "/srv/old",
      environmentFiles: ["/etc/default/old", "/srv/old/secrets"],
      environment: {
        WEB_PORT: "5050",
        HRIS_API_SECRET_KEY: 'two words "quoted"',
        EMPTY: "",
      },
    });
  });
});
