import { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { check } from "../call/check.js";
import { type HttpGet, type HttpHandler, handleGets, queryOf } from "../call/http-handler.js";
import { checkKnown } from "../call/options.js";
import { debugLogs, defaultTtlMs, longestTtlMs, setDebugLogs } from "./debug-logs.js";
import type { GateOptions } from "./gate.js";
import { badQuery, HttpGate } from "./http-gate.js";
import { jsonAnswer } from "./text-answer.js";

/** Options of {@link debugHandler}. */
export interface DebugHandlerOptions extends GateOptions {
  /** How long debug stays on, in milliseconds. Default 15 minutes, at most 24 hours. */
  readonly ttlMs?: number;
  /** Where it is. Default `/debug`. */
  readonly path?: string;
  /** The name in the query, and in the answer. Default `debug-logs`. */
  readonly query?: string;
  /** The value that switches on. Default `on`. */
  readonly on?: string;
  /** The value that switches off. Default `off`. */
  readonly off?: string;
}

/**
 * Switches debug logs on for everything, or off, over plain HTTP: `GET /debug?debug-logs=on` answers
 * `{"debug-logs":"on"}`. It is `SetDebugLogs` of the debug service for whoever has only `curl`, to the same people: off
 * removes all rules. Without the query it tells whether any rule is in force.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * connectNodeAdapter({ routes, fallback: debugHandler({ authorize: bearerToken(process.env.DEBUG_TOKEN) }) })
 */
export function debugHandler(options: DebugHandlerOptions = {}): HttpHandler {
  checkKnown("debugHandler", options, ["authorize", "logger", "ttlMs", "path", "query", "on", "off"]);
  const { ttlMs = defaultTtlMs, path = "/debug", query = "debug-logs", on = "on", off = "off" } = options;
  check("debugHandler: path", path, "a path that begins with /", isPath);
  check("debugHandler: query", query, "a name", isName);
  check("debugHandler: on", on, "a text", isName);
  check("debugHandler: off", off, "a text other than on", (text) => isName(text) && text !== on);
  check("debugHandler: ttlMs", ttlMs, `a number of milliseconds from 1 to ${longestTtlMs}`, isTtl);
  const gate = new HttpGate(options, "debugHandler");
  const state = () => jsonAnswer({ [query]: debugLogs().length > 0 ? on : off });

  const read = gate.get({
    method: DebugService.method.getDebugLogs,
    answer({ query: given, isHead }) {
      const value = given.get(query);
      if (value !== null && !isHead) throw badQuery(query, `${on} or ${off}`, value);
      return state();
    },
  });
  const write = gate.get({
    method: DebugService.method.setDebugLogs,
    request: (given) => ({ enabled: given.get(query) === on }),
    answer({ request }) {
      setDebugLogs(request, { ttlMs, maxTtlMs: longestTtlMs });
      return state();
    },
  });
  const get: HttpGet = (request, client) => {
    const value = queryOf(request).get(query);
    const writes = request.method === "GET" && (value === on || value === off);
    return (writes ? write : read)(request, client);
  };
  return handleGets(new Map([[path, get]]));
}

function isTtl(ms: unknown): boolean {
  return typeof ms === "number" && ms >= 1 && ms <= longestTtlMs;
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && /^\/[^?#]*$/.test(path);
}

function isName(text: unknown): boolean {
  return typeof text === "string" && text !== "";
}
