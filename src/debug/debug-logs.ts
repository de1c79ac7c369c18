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
import { invalid } from "./invalid.js";

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
      headers: Object.fromEntries(Array.from(headers, ([name, value]) => [name, shown(name, value)])),
      expiresAt: timestampFromMs(expiresAt),
    }),
  );
}

/** What proves who somebody is is not for everybody who may read the rules. */
function shown(name: string, value: string): string {
  return /auth|cookie|token|secret|key|pass|credential|session/.test(name) ? "[redacted]" : value;
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
  if (entries.length > maxHeaders) {
    throw invalid(`headers: expected at most ${maxHeaders}, got ${entries.length}`);
  }
  const values = new Map<string, string>();
  for (const [given, value] of entries) {
    const name = headerName(given, value);
    if (values.has(name)) throw invalid(`headers: ${JSON.stringify(name)} is there twice`);
    values.set(name, value.trim());
  }
  return { method: globOf(method), headers: values };
}

/** What can match no method is a mistake: better told than obeyed. */
function globOf(method: string): string {
  const glob = method.replace(/^\//, "");
  if (method.length > maxSize) {
    throw invalid(`method: expected at most ${maxSize} characters, got ${method.length}`);
  }
  if (method === "" || /[*/]/.test(glob)) return glob;
  const example = `"*/${glob}"`;
  throw invalid(
    `method: expected a glob over pkg.Service/Method such as ${example}, got ${JSON.stringify(method)}`,
  );
}

function headerName(name: string, value: string): string {
  const shown = JSON.stringify(cut(name, maxSize));
  if (!isHeaderName(name)) throw invalid(`headers: ${shown} is no name of a header`);
  if (name.length + value.length > maxSize)
    throw invalid(`headers: ${shown} has more than ${maxSize} characters`);
  if (!/^[\t\x20-\x7e]*$/.test(value))
    throw invalid(`headers: ${shown} has characters that headers can't have`);
  return name.toLowerCase();
}

const maxRules = 100;
const maxHeaders = 20;
const maxSize = 1024;
