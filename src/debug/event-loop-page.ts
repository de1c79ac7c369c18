import { Code, ConnectError } from "@connectrpc/connect";
import { DebugService, type GetRuntimeRequestSchema } from "../../gen/clue/debug/v1/debug_pb.js";
import type { HttpAnswer } from "../call/http-handler.js";
import { roundedMs } from "../call/rounded-ms.js";
import { wait } from "../call/wait.js";
import { EventLoopWatch } from "./event-loop-watch.js";
import { badQuery, type GatedGet } from "./http-gate.js";
import { queriedMs } from "./pprof-profiles.js";
import { runtimeWatch } from "./runtime.js";
import { jsonAnswer, textAnswer } from "./text-answer.js";

/** How late timers ran: since the process watches that, or, with `?seconds=`, from now on. */
export function eventLoopGet(maxDurationMs: number): GatedGet<typeof GetRuntimeRequestSchema> {
  return {
    method: DebugService.method.getRuntime,
    async answer({ query, client, isHead }) {
      const format = query.get("format") ?? "text";
      if (format !== "text" && format !== "json") throw badQuery("format", "text or json", format);
      const ms = query.has("seconds") ? checkedMs(query, maxDurationMs) : undefined;
      const report = ms === undefined || isHead ? reportOf(runtimeWatch.eventLoop) : await watch(ms, client);
      return format === "json" ? jsonAnswer(report) : asText(report);
    },
  };
}

/** What there is to tell. Durations are in milliseconds. */
type EventLoopReport = Readonly<Record<string, number>>;

let watching = 0;

/** Each watch takes memory and looks a hundred times a second. */
const maxWatching = 10;
const intervalMs = 10;

async function watch(ms: number, client: AbortSignal): Promise<EventLoopReport> {
  if (watching >= maxWatching) {
    throw new ConnectError(`${maxWatching} others watch the event loop already`, Code.ResourceExhausted);
  }
  const loop = new EventLoopWatch(intervalMs);
  watching++;
  try {
    await wait(ms, { signal: client, ref: false });
    return reportOf(loop);
  } finally {
    watching--;
    loop.stop();
  }
}

function checkedMs(query: URLSearchParams, maxDurationMs: number): number {
  const ms = queriedMs(query);
  if (ms !== undefined && ms <= maxDurationMs) return ms;
  throw badQuery("seconds", `a number above 0 and at most ${maxDurationMs / 1000}`, query.get("seconds"));
}

function reportOf(loop: EventLoopWatch | undefined): EventLoopReport {
  if (loop === undefined) return {};
  const { delays, elapsedMs, utilization } = loop;
  return {
    watched_s: Math.round(elapsedMs / 100) / 10,
    utilization: Math.round(utilization * 1000) / 1000,
    samples: delays.samples,
    delay_mean_ms: roundedMs(delays.mean),
    ...Object.fromEntries(percentiles.map((p) => [`delay_p${p}_ms`, roundedMs(delays.percentile(p))])),
    delay_max_ms: roundedMs(delays.max),
  };
}

const percentiles = [50, 75, 90, 99, 99.9];

function asText(report: EventLoopReport): HttpAnswer {
  const lines = Object.entries(report).map(([name, value]) => `${name.padEnd(16)} ${value}`);
  return textAnswer(
    `${["How late timers ran, and how busy the event loop was.", "", ...lines].join("\n")}\n`,
  );
}
