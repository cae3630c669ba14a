/**
 * What the local control socket answers: one instance per feature, mounted here. The verbs of the
 * command line speak it.
 */

import { Elysia } from "elysia";
import { answerFailure } from "../errors.ts";
import { type AuditControlOptions, auditControl } from "./audit/routes.ts";
import { type BackupControlOptions, backupControl } from "./backups/routes.ts";
import { type ClientControlOptions, clientControl } from "./clients/routes.ts";
import { type ClockControlOptions, clockControl } from "./clock/routes.ts";
import { type CommandControlOptions, commandControl } from "./commands/routes.ts";
import { type PairingControlOptions, pairingControl } from "./devices/pairing-routes.ts";
import { type DeviceControlOptions, deviceControl } from "./devices/routes.ts";
import { type ExportControlOptions, exportControl } from "./export/routes.ts";
import { type ImportControlOptions, importControl } from "./import/routes.ts";
import { type ProcessControlOptions, processControl } from "./process/routes.ts";
import { type QuarantineControlOptions, quarantineControl } from "./quarantine/routes.ts";
import { type StatusControlOptions, statusControl } from "./status/routes.ts";
import { type UserControlOptions, userControl } from "./users/routes.ts";
import { type WebhookControlOptions, webhookControl } from "./webhooks/routes.ts";

/** What the features of the control socket work on, together. */
export type ControlOptions = AuditControlOptions &
  BackupControlOptions &
  ClientControlOptions &
  ClockControlOptions &
  CommandControlOptions &
  DeviceControlOptions &
  ExportControlOptions &
  PairingControlOptions &
  ImportControlOptions &
  ProcessControlOptions &
  QuarantineControlOptions &
  StatusControlOptions &
  UserControlOptions &
  WebhookControlOptions;

/** The control routes without a socket. */
export function createControlApi(options: ControlOptions) {
  const { log } = options;
  const app = new Elysia({ name: "control", strictPath: true })
    .onError(({ code, error, request, path }) =>
      answerFailure(log, () => app.routes, { code, error, request, path }),
    )
    .use(auditControl(options))
    .use(backupControl(options))
    .use(clientControl(options))
    .use(clockControl(options))
    .use(commandControl(options))
    .use(deviceControl(options))
    .use(pairingControl(options))
    .use(exportControl(options))
    .use(importControl(options))
    .use(processControl(options))
    .use(quarantineControl(options))
    .use(statusControl(options))
    .use(userControl(options))
    .use(webhookControl(options));
  return app;
}
