import { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { check, checkMs } from "../call/check.js";
import { coarseClock } from "../call/coarse-clock.js";
import { type HttpGet, type HttpHandler, handleGets, plainAnswer } from "../call/http-handler.js";
import { checkKnown } from "../call/options.js";
import { activityText } from "./activity.js";
import { eventLoopGet } from "./event-loop-page.js";
import type { GateOptions } from "./gate.js";
import { HttpGate } from "./http-gate.js";
import { type PprofPage, pprofIndex } from "./pprof-index.js";
import { profileGet, profiles } from "./pprof-profiles.js";
import { longestProfileMs } from "./profile/types.js";
import { runtimeWatch } from "./runtime.js";
import { textAnswer } from "./text-answer.js";

/** Options of {@link pprofHandler}. */
export interface PprofHandlerOptions extends GateOptions {
  /** What the paths begin with. Default `/debug/pprof`. */
  readonly prefix?: string;
  /** How long a profile may take, in milliseconds. Default 5 minutes. */
  readonly maxDurationMs?: number;
}

/**
 * Serves profiles of the process where `go tool pprof` looks for them: `/debug/pprof/profile`, `heap` and others, with a page
 * that lists them. It is `CaptureProfile` of the debug service, to the same people; a token goes as the password:
 * `http://me:token@host/debug/pprof/profile`. Over anything but TLS or a private network it can be read on the way.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * connectNodeAdapter({ routes, fallback: pprofHandler({ authorize: bearerToken(process.env.DEBUG_TOKEN) }) })
 */
export function pprofHandler(options: PprofHandlerOptions = {}): HttpHandler {
  checkKnown("pprofHandler", options, ["authorize", "logger", "prefix", "maxDurationMs"]);
  const { prefix = "/debug/pprof", maxDurationMs = longestProfileMs } = options;
  check("pprofHandler: prefix", prefix, "a path that begins with / and does not end with it", isPrefix);
  checkMs("pprofHandler: maxDurationMs", maxDurationMs);
  // By this header `go tool pprof` knows that the text of an error is worth showing.
  const gate = new HttpGate(options, "pprofHandler", { "x-go-pprof": "1" });
  coarseClock.start();
  runtimeWatch.start();

  const { listCalls, getRuntime } = DebugService.method;
  const gets = new Map<string, HttpGet>([
    [prefix, () => plainAnswer(307, "go on to the index", { location: `${prefix.split("/").at(-1)}/` })],
    [`${prefix}/`, gate.get({ method: getRuntime, answer: () => pprofIndex(pages) })],
    [`${prefix}/activity`, gate.get({ method: listCalls, answer: () => textAnswer(activityText()) })],
    [
      `${prefix}/cmdline`,
      gate.get({ method: getRuntime, answer: () => textAnswer(commandLine().join("\0")) }),
    ],
    [`${prefix}/eventloop`, gate.get(eventLoopGet(maxDurationMs))],
    [`${prefix}/symbol`, gate.get({ method: getRuntime, answer: () => textAnswer("num_symbols: 1\n") })],
  ]);
  for (const profile of profiles) {
    gets.set(`${prefix}/${profile.name}`, gate.get(profileGet(profile, maxDurationMs)));
  }
  return handleGets(gets);
}

const pages: readonly PprofPage[] = [
  ...profiles,
  { name: "activity", about: "the calls in flight, and what keeps the process alive" },
  { name: "eventloop", about: "how late timers ran, since the start or for some seconds" },
  { name: "cmdline", about: "the command line" },
];

/**
 * All of it, as Go does: arguments may be secrets, but whoever gets here may take a snapshot of the memory, and that holds
 * every argument.
 */
function commandLine(): string[] {
  return [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
}

function isPrefix(prefix: unknown): boolean {
  return typeof prefix === "string" && /^\/[^?#]*[^?#/]$/.test(prefix);
}
