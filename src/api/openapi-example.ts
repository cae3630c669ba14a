/**
 * A whole example for a schema of the OpenAPI document: what the schema itself gives as one, put
 * together, and else what a field of this name looks like on a site with one terminal in Manila.
 */

import {
  isJsonObject,
  isList,
  type Json,
  type JsonObject,
  listOf,
  objectOf,
} from "./openapi-json.ts";

/** Fields that many answers share; of several values the first of the right type. */
const BY_NAME: Readonly<Record<string, readonly Json[]>> = {
  api_url: ["http://localhost:5050"],
  attendance_interval: [15],
  client_id: ["hris_system"],
  client_secret: ["the secret of this client"],
  code_library: ["FKDataHS101"],
  connection_rate_percent: [100],
  created_at: ["2026-03-02 00:15:06"],
  datetime: ["2026-03-02 08:15:04"],
  datetime_local: ["2026-03-02 08:15:04"],
  datetime_utc: ["2026-03-02 00:15:04"],
  device_id: ["2401058352"],
  device_name: ["Main gate"],
  direction_code: ["1"],
  display_timezone: ["Asia/Manila"],
  duplicate_biometric_ids: [[]],
  duplicate_biometric_ids_count: [0],
  department: ["Operations"],
  employees_with_biometric_id: [1],
  enabled: [true, 1],
  error: ["Bad Request"],
  end_date: ["2026-03-02"],
  expires_in: ["24 hours"],
  has_more: [false],
  id: [1000001, "2401058352"],
  index: [0],
  io_mode: [1],
  io_mode_str: ["IN"],
  is_duplicate: [false],
  is_historic: [false],
  is_repeat: [false],
  last_seen: ["2026-03-02 08:15:06"],
  message: ["Done"],
  mode: ["sync"],
  name: ["Ana Cruz"],
  next: ["1.0f1e2d3c4b5a6978"],
  primary_device: ["2401058352"],
  primary_device_id: ["2401058352"],
  primary_device_name: ["Main gate"],
  primary_device_users: [7],
  rate_limit: [60],
  rate_limit_requests: [100],
  rate_limit_window: [60],
  revision: [1],
  start_date: ["2026-03-02"],
  sync_errors_today: [0],
  time_zone: ["Asia/Manila"],
  timeout: [30],
  timestamp: ["20260302081504"],
  timezone: ["Asia/Manila"],
  token: ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJocmlzX3N5c3RlbSJ9.c2lnbmF0dXJl"],
  token_expiry_hours: [24],
  total_active_employees: [1],
  total_primary_users: [1],
  url: ["http://hris.example:8000/api/biometric/webhook"],
  user_id: [7, "7"],
  user_id_text: ["00000007"],
  user_interval: [60],
  verification_method: ["Fingerprint"],
  verify_mode_code: ["1"],
  wall_time: ["20260302081504"],
  wall_time_text: ["20260302081504"],
  work_code: ["0"],
};

/** What a text looks like that its format tells more of than its name. */
const BY_FORMAT: Readonly<Record<string, Json>> = {
  date: "2026-03-02",
  "date-time": "2026-03-02T08:15:04+08:00",
};

/** A value that the schema (of OpenAPI 3.0) lets pass. `name`: of the field that it stands in. */
export function exampleOf(schema: JsonObject, name = ""): Json {
  const { example, enum: values, anyOf, allOf, type } = schema;
  if (example !== undefined) return example;
  const named = namedExample(schema, name);
  if (named !== undefined) return named;
  const [value] = listOf(values);
  if (value !== undefined) return value;
  const [choice] = listOf(anyOf).filter(isJsonObject);
  if (choice !== undefined) return exampleOf(choice, name);
  if (allOf !== undefined) {
    return Object.assign({}, ...listOf(allOf).map((part) => exampleOf(objectOf(part), name)));
  }
  if (type === "array") return [exampleOf(objectOf(schema.items), name)];
  if (type === "object") return exampleObject(schema, name);
  return typedExample(schema);
}

function exampleObject(schema: JsonObject, name: string): JsonObject {
  const { properties = {}, additionalProperties } = schema;
  const members = Object.entries(objectOf(properties)).map(
    ([member, inner]) => [member, exampleOf(objectOf(inner), member)] as const,
  );
  if (members.length > 0 || !isJsonObject(additionalProperties)) return Object.fromEntries(members);
  return { 7: exampleOf(additionalProperties, name) };
}

function namedExample(schema: JsonObject, name: string): Json | undefined {
  const { type, format, enum: values } = schema;
  if (typeof format === "string" && format in BY_FORMAT) return BY_FORMAT[format];
  const candidates = Object.hasOwn(BY_NAME, name) ? (BY_NAME[name] ?? []) : [];
  return candidates.find(
    (value) => fits(value, type) && (values === undefined || listOf(values).includes(value)),
  );
}

function fits(value: Json, type: Json | undefined): boolean {
  if (type === "array") return isList(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function typedExample({ type, minimum }: JsonObject): Json {
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return minimum ?? 1;
  return "text";
}
