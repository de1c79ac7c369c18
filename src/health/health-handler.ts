import { check, needMethods } from "../call/check.js";
import { type HttpGet, type HttpHandler, type HttpRequest, handleGets } from "../call/http-handler.js";
import { checkKnown } from "../call/options.js";
import { roundedMs } from "../call/rounded-ms.js";
import { type HealthBody, healthAnswer } from "./health-answer.js";
import type { Checker, HealthReport } from "./types.js";

/** Options of {@link healthHandler}: the path of each twin. `false` leaves it out. */
export interface HealthHandlerOptions {
  /** 200 while the process is well, whatever its dependencies and however near its end. Default `/livez`. */
  readonly livez?: string | false;
  /** 200 while the server as a whole takes calls. Default `/readyz`. */
  readonly readyz?: string | false;
  /** 200 while each of its services does, too. Default `/healthz`. */
  readonly healthz?: string | false;
}

/**
 * Tells the statuses over plain HTTP, for whoever has no gRPC: 200 or 503, with JSON, or XML for clients that prefer it
 * by their `Accept` header. `?verbose` tells more.
 *
 * @param checker - knows the statuses
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * connectNodeAdapter({ routes, fallback: healthHandler(checker) })
 */
export function healthHandler(checker: Checker, options: HealthHandlerOptions = {}): HttpHandler {
  needMethods("healthHandler: checker", checker, ["check", "report", "status", "statuses"]);
  checkKnown("healthHandler", options, ["livez", "readyz", "healthz"]);
  const { livez = "/livez", readyz = "/readyz", healthz = "/healthz" } = options;
  const gets = new Map<string, HttpGet>();
  serve("livez", livez, (request) => {
    const { uptime, version } = checker.report();
    return healthAnswer(request, checker.status("liveness") === "SERVING", { uptime, version });
  });
  serve("readyz", readyz, async (request) => {
    const report = await checker.check();
    return healthAnswer(request, report.ready, bodyOf(report, checker, request));
  });
  serve("healthz", healthz, async (request) => {
    const report = await checker.check({ services: checker.statuses().keys() });
    return healthAnswer(request, report.ready && allServe(checker), bodyOf(report, checker, request));
  });
  return handleGets(gets);

  function serve(option: string, path: string | false, get: HttpGet): void {
    if (path === false) return;
    check(`healthHandler: ${option}`, path, "false, or a path of its own that begins with /", isPath);
    gets.set(path, get);
  }

  function isPath(path: unknown): boolean {
    return typeof path === "string" && /^\/[^?#]*$/.test(path) && !gets.has(path);
  }
}

function allServe(checker: Checker): boolean {
  return Array.from(checker.statuses().values()).every((status) => status === "SERVING");
}

function bodyOf(report: HealthReport, checker: Checker, request: HttpRequest): HealthBody {
  const { uptime, version, ready, dependencies } = report;
  const status = Object.fromEntries(
    dependencies.map(({ name, up }) => [name, up ? "OK" : "NOT OK"] as const).sort(byName),
  );
  const body = { uptime, version, ...(dependencies.length > 0 ? { status } : {}) };
  if (!isVerbose(request)) return body;
  return {
    ...body,
    ready,
    services: Object.fromEntries(Array.from(checker.statuses()).sort(byName)),
    // Why one is down is for the log: who asks here is a stranger.
    dependencies: dependencies.map(({ name, up, critical, latencyMs }) => {
      return { name, up, critical, latency_ms: roundedMs(latencyMs) };
    }),
  };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function isVerbose({ url = "" }: HttpRequest): boolean {
  const value = new URLSearchParams(url.split("?")[1]).get("verbose");
  return value !== null && value !== "false" && value !== "0";
}
