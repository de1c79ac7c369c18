import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type DebugRule,
  DebugRuleSchema,
  type SetDebugLogsRequest,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { check } from "../call/check.js";
import { cut } from "../call/cut.js";
import { type DebugTarget, debugRules } from "../call/debug-rules.js";
import { isHeaderName } from "../call/options.js";
import { requestedMs } from "./durations.js";

/** How long rules hold that do not say so: 15 minutes. */
export const defaultTtlMs: number = 15 * 60_000;
/** How long rules may hold, unless an option says otherwise: a day. */
export const longestTtlMs: number = 24 * 60 * 60_000;

/** How long rules hold, in milliseconds. */
export interface RuleBounds {
  readonly ttlMs: number;
  readonly maxTtlMs: number;
}

/**
 * Checks how long rules are to hold that do not say so.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkTtl(where: string, ttlMs: number, maxTtlMs: number): void {
  const accepts = `a number of milliseconds from 1 to maxTtlMs, ${maxTtlMs}`;
  check(`${where}: ttlMs`, ttlMs, accepts, (ms) => typeof ms === "number" && ms >= 1 && ms <= maxTtlMs);
}

/** The rules in force, as `GetDebugLogs` and `SetDebugLogs` answer them. */
export function debugLogs(): DebugRule[] {
  return debugRules.list().map(({ id, method, headers, expiresAt }) =>
    create(DebugRuleSchema, {
      id: BigInt(id),
      method,
      headers: Object.fromEntries(headers),
      expiresAt: timestampFromMs(expiresAt),
    }),
  );
}

/**
 * Adds, prolongs or removes a rule.
 *
 * @throws ConnectError `invalid_argument` for what is none, `resource_exhausted` when there are too many
 */
export function setDebugLogs(
  { enabled, ttl, method, headers }: SetDebugLogsRequest,
  bounds: RuleBounds,
): void {
  if (enabled === undefined) throw invalid("enabled: expected true or false, got nothing");
  const target = targetOf(method, headers);
  const ttlMs = ttl === undefined ? bounds.ttlMs : requestedMs("ttl", ttl, bounds.maxTtlMs);
  if (enabled) addRule(target, ttlMs);
  else if (method === "" && target.headers.size === 0) debugRules.clear();
  else debugRules.remove(target);
}

function addRule(target: DebugTarget, ttlMs: number): void {
  const isNew = !debugRules.has(target);
  if (isNew && debugRules.list().length >= maxRules) {
    throw new ConnectError(`there are ${maxRules} rules already: remove some`, Code.ResourceExhausted);
  }
  debugRules.set(target, ttlMs);
}

function targetOf(method: string, headers: Readonly<Record<string, string>>): DebugTarget {
  const entries = Object.entries(headers);
  if (method.length > maxSize)
    throw invalid(`method: expected at most ${maxSize} characters, got ${method.length}`);
  if (entries.length > maxHeaders)
    throw invalid(`headers: expected at most ${maxHeaders}, got ${entries.length}`);
  for (const [name, value] of entries) checkHeader(name, value);
  return { method, headers: new Map(entries.map(([name, value]) => [name.toLowerCase(), value.trim()])) };
}

function checkHeader(name: string, value: string): void {
  const shown = JSON.stringify(cut(name, maxSize));
  if (!isHeaderName(name)) throw invalid(`headers: ${shown} is no name of a header`);
  if (name.length + value.length > maxSize)
    throw invalid(`headers: ${shown} has more than ${maxSize} characters`);
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}

const maxRules = 100;
const maxHeaders = 20;
const maxSize = 1024;
