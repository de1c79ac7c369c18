import type { Message } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { checkMs } from "../call/check.js";
import { coarseClock } from "../call/coarse-clock.js";
import { checkKnown } from "../call/options.js";
import {
  checkTtl,
  debugLogs,
  defaultTtlMs,
  longestTtlMs,
  type RuleBounds,
  setDebugLogs,
} from "./debug-logs.js";
import { flushCall } from "./flush-call.js";
import { Gate, type GateOptions } from "./gate.js";
import { listCalls } from "./list-calls.js";
import { captureProfileMethod } from "./profile/capture-method.js";
import { longestProfileMs } from "./profile/types.js";
import { runtimeWatch } from "./runtime.js";
import { tailLogs } from "./tail-logs.js";

/** Options of {@link debugRoutes}. Durations are in milliseconds. */
export interface DebugOptions extends GateOptions {
  /** How long a debug rule holds that does not say so. Default 15 minutes. */
  readonly ttlMs?: number;
  /** How long a debug rule may hold. Default 24 hours. */
  readonly maxTtlMs?: number;
  /** How long a profile may take. Default 5 minutes. */
  readonly maxProfileMs?: number;
}

/**
 * Serves `clue.debug.v1.DebugService` on a router: debug logs for a while, the calls in flight, the log as it is written,
 * profiles, and how the process is.
 *
 * It is closed until `authorize` says who may use it: `bearerToken(…)`, `privateListener()`, or a function of one's own. Every use
 * is written to the log, with who and what, and bursts of more than 20 uses are refused.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * debugRoutes({ authorize: bearerToken(process.env.DEBUG_TOKEN) })(router);
 */
export function debugRoutes(options: DebugOptions = {}): (router: ConnectRouter) => void {
  checkKnown("debugRoutes", options, ["authorize", "logger", "ttlMs", "maxTtlMs", "maxProfileMs"]);
  const { maxTtlMs = longestTtlMs, maxProfileMs = longestProfileMs } = options;
  checkMs("debugRoutes: maxTtlMs", maxTtlMs);
  checkMs("debugRoutes: maxProfileMs", maxProfileMs);
  const { ttlMs = Math.min(defaultTtlMs, maxTtlMs) } = options;
  checkTtl("debugRoutes", ttlMs, maxTtlMs);
  const service = serviceOf(new Gate(options, "debugRoutes"), { ttlMs, maxTtlMs }, maxProfileMs);
  coarseClock.start();
  runtimeWatch.start();
  return (router) => void router.service(DebugService, service);
}

function serviceOf(gate: Gate, bounds: RuleBounds, maxProfileMs: number): ServiceImpl<typeof DebugService> {
  return {
    getDebugLogs: unary(gate, () => ({ rules: debugLogs() })),
    setDebugLogs: unary(gate, (request) => {
      setDebugLogs(request, bounds);
      return { rules: debugLogs() };
    }),
    listCalls: unary(gate, listCalls),
    tailLogs: stream(gate, (request, { signal }) => tailLogs(request, signal)),
    flushCall: unary(gate, flushCall),
    captureProfile: stream(gate, captureProfileMethod({ maxDurationMs: maxProfileMs })),
    getRuntime: unary(gate, () => runtimeWatch.response()),
  };
}

/** A method that answers once, behind the gate. */
function unary<I extends Message, O>(gate: Gate, answer: (request: I) => O) {
  return async (request: I, context: HandlerContext): Promise<O> => {
    await gate.admit(context, request);
    return answer(request);
  };
}

/** A method that goes on answering, behind the gate. */
function stream<I extends Message, O>(
  gate: Gate,
  answers: (request: I, context: HandlerContext) => AsyncIterable<O>,
) {
  return async function* (request: I, context: HandlerContext): AsyncGenerator<O> {
    await gate.admit(context, request);
    yield* answers(request, context);
  };
}
