import { create, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type LogLine, LogLineSchema, Severity } from "../../gen/clue/debug/v1/debug_pb.js";
import type { LogValue, Severity as SeverityName } from "../log/index.js";
import type { SeenLine } from "../log/live.js";

/** How severities are told on the wire. */
export const severities: Readonly<Record<SeverityName, Severity>> = {
  debug: Severity.DEBUG,
  info: Severity.INFO,
  warn: Severity.WARN,
  error: Severity.ERROR,
};

/** A line as `TailLogs` tells it. */
export function logLine({ entry, call, isHeld }: SeenLine): LogLine {
  const { time, severity, keys } = entry;
  const line = create(LogLineSchema, {
    time: timestampFromMs(time),
    severity: severities[severity],
    callId: BigInt(call?.id ?? 0),
    buffered: isHeld,
  });
  const fields: JsonObject = {};
  for (const [key, value] of entry.fields) {
    if (key === keys.message && typeof value === "string") line.message = value;
    else Object.defineProperty(fields, key, { value: jsonValue(value), enumerable: true });
  }
  line.fields = fields;
  return line;
}

/** As the JSON format writes it: what JSON has no number for is a text. */
function jsonValue(value: LogValue): JsonValue {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if ("text" in value) return value.toJSON() as JsonValue;
  return value.map(jsonValue);
}
