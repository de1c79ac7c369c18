import { Code, ConnectError } from "@connectrpc/connect";
import { inTime } from "../call/in-time.js";
import { wait } from "../call/wait.js";
import type { DrainLog } from "./drain-log.js";
import { type DrainOptions, type ResolvedDrain, resolveDrain } from "./drain-options.js";
import type { NodeServer, RequestInFlight } from "./node-server.js";

/** How a drain went. */
export interface DrainReport {
  /** The requests that had not ended when the grace was over, oldest first. */
  readonly cutOff: readonly RequestInFlight[];
  /** How long it took until the last connection was closed, in milliseconds. */
  readonly durationMs: number;
  /** What the process should end with: 0, or 1 when requests were cut off. */
  readonly exitCode: 0 | 1;
}

/**
 * Stops a server so that no call that it has accepted is lost.
 *
 * 1. Readiness turns NOT_SERVING; whoever watches is told.
 * 2. After `closeAfterMs` the server stops listening, and asks clients by GOAWAY or `Connection: close` to go elsewhere.
 * 3. After `noticeAfterMs` more, the calls that are still in flight get their notice: the signals of their handlers abort
 *    with `unavailable`.
 * 4. What has not ended `graceMs` after step 2 is cut off.
 * 5. `onDrained` is called, telemetry is shut down and the log flushed, each within `flushMs`.
 *
 * What goes wrong in a step is logged, and the next one follows. Called again for the same server, it gives the same
 * promise.
 *
 * @returns a promise that never rejects
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const shutdown = new AbortController();
 * const handler = connectNodeAdapter({ routes, shutdownSignal: shutdown.signal });
 * const server = await createNodeServer({ handler, port: 8080 });
 * // …
 * await drain({ server, shutdown, checker, telemetry });
 */
export function drain(options: DrainOptions): Promise<DrainReport> {
  const plan = resolveDrain("drain", options);
  return drainOnce(plan);
}

/** Drains a server, unless somebody does so already. */
export function drainOnce(plan: ResolvedDrain, reason?: string): Promise<DrainReport> {
  let draining = drains.get(plan.server);
  if (draining === undefined) {
    draining = run(plan, reason);
    drains.set(plan.server, draining);
  }
  return draining;
}

const drains = new WeakMap<NodeServer, Promise<DrainReport>>();

async function run(plan: ResolvedDrain, reason: string | undefined): Promise<DrainReport> {
  const startedAt = performance.now();
  const log = plan.logger;
  log.print("draining", {
    ...(reason === undefined ? {} : { "drain.reason": reason }),
    "drain.in_flight": [...plan.server.requests].length,
    "drain.grace_ms": plan.graceMs,
  });
  void attempt(log, "the checker could not be shut down", () => plan.checker?.shutdown());
  if (plan.closeAfterMs > 0) await wait(plan.closeAfterMs);
  const cutOff = await close(plan);
  const report: DrainReport = {
    cutOff,
    durationMs: performance.now() - startedAt,
    exitCode: cutOff.length === 0 ? 0 : 1,
  };
  tell(log, report);
  await flush(plan);
  return report;
}

/** Closes the server within the grace. Gives what had to be cut off. */
async function close(plan: ResolvedDrain): Promise<readonly RequestInFlight[]> {
  const { server, logger, shutdown } = plan;
  const notice = setTimeout(() => shutdown?.abort(shuttingDown()), plan.noticeAfterMs);
  const closed = attempt(logger, "the server could not be closed", () => server.close());
  const isClosed = await inTime(plan.graceMs, closed);
  clearTimeout(notice);
  // Handlers that have lost their client, and what else goes by this signal, end now.
  shutdown?.abort(shuttingDown());
  if (isClosed) return [];
  const cutOff = server.destroy();
  await inTime(lastWordsMs, closed);
  return cutOff;
}

/** Tells of the end before telemetry goes: what carries logs elsewhere is still there. */
function tell(log: DrainLog, { cutOff, durationMs, exitCode }: DrainReport): void {
  if (cutOff.length > 0) {
    log.warn("requests were cut off", { "drain.requests": cutOff.slice(0, maxTold).map(describeRequest) });
  }
  log.print("drained", {
    "drain.time_ms": Math.round(durationMs),
    "drain.cut_off": cutOff.length,
    exit_code: exitCode,
  });
}

async function flush({ logger, onDrained, telemetry, flushMs }: ResolvedDrain): Promise<void> {
  const steps = [
    { what: "onDrained", work: onDrained },
    { what: "the shutdown of telemetry", work: telemetry && (() => telemetry.shutdown()) },
  ];
  for (const { what, work } of steps) {
    if (work === undefined) continue;
    const done = await inTime(flushMs, attempt(logger, `${what} failed`, work));
    if (!done) logger.warn(`${what} took longer than ${flushMs} ms`);
  }
  logger.flush();
}

/** Does a step. What it throws is logged: the next step follows in any case. */
async function attempt(log: DrainLog, failure: string, step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    log.error(error, failure);
  }
}

function describeRequest({ method, path, startTime }: RequestInFlight): string {
  return `${method} ${path} (${Math.round((Date.now() - startTime) / 1000)} s)`;
}

function shuttingDown(): ConnectError {
  return new ConnectError("server is shutting down", Code.Unavailable);
}

/** How long a server may take to tell clients that they are cut off, in milliseconds. It takes a tenth of that. */
const lastWordsMs = 1000;

/** How many requests the log names. */
const maxTold = 20;
