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
    if (key === keys.message && typeof value === "string") line.message = wellFormed(value);
    else setOwn(fields, wellFormed(key), jsonValue(value));
  }
  line.fields = fields;
  return line;
}

/** As the JSON format writes it: what JSON has no number for is a text. */
function jsonValue(value: LogValue): JsonValue {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if ("text" in value) return wellFormedJson(value.toJSON() as JsonValue);
  return value.map(jsonValue);
}

/** Half of a surrogate pair, as cutting through an emoji leaves it, is no text that protobuf can send. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

function wellFormedJson(value: JsonValue): JsonValue {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormedJson);
  const result: JsonObject = {};
  for (const [key, each] of Object.entries(value)) setOwn(result, wellFormed(key), wellFormedJson(each));
  return result;
}

/** A key may be `__proto__`. */
function setOwn(target: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, { value, enumerable: true });
}
