import { openSync, writeSync } from "node:fs";
import { type Logger, type LoggerOptions, logger } from "connect-clue";
import { pino } from "pino";
import { kitInterceptor } from "../kit.js";
import { type MadeCall, runCall, unaryCall, unaryNext } from "../made-call.js";
import type { Batch } from "../nanoseconds.js";

/** What is done with a line. */
export type LineTask =
  | "discarded"
  | "json"
  | "text"
  | "debug off"
  | "pino"
  | "pino same"
  | "pino child"
  | "pino off";

/** How a task is called in tables. */
export const lineNames: Readonly<Record<LineTask, string>> = {
  discarded: "kit: recorded and discarded",
  json: "kit: recorded, and flushed as JSON five at a time",
  text: "kit: recorded, and flushed as text five at a time",
  "debug off": "kit: debug, off",
  pino: "pino: info",
  "pino same": "pino: info with the fields that a flushed line has",
  "pino child": "pino: info of a child that has those fields, made for five lines",
  "pino off": "pino: debug, off",
};

/**
 * Makes the tasks. pino adds no process id and host name, so that its lines are no longer than the kit's. Lines go to /dev/null by a synchronous system call: pino's one by one, as it does by default,
 * the kit's once for each flush, as it does by design.
 */
export function lineTasks(): Readonly<Record<LineTask, Batch>> {
  const fd = openSync("/dev/null", "w");
  const sink = { write: (lines: string) => writeSync(fd, lines) };
  const pinoLogger = pino({ base: null }, pino.destination({ dest: "/dev/null", sync: true }));
  return {
    discarded: inCall({}, (log, n) => log.info("received", { n, text })),
    json: inCall({ sink, format: "json" }, recordAndFlush),
    text: inCall({ sink, format: "text" }, recordAndFlush),
    "debug off": inCall({}, (log, n) => log.debug("received", { n, text })),
    pino: inLoop((n) => pinoLogger.info({ n, text }, "received")),
    "pino same": inLoop((n) =>
      pinoLogger.info({ request_id, "rpc.service": service, "rpc.method": method, n, text }, "received"),
    ),
    "pino child": inLoop(infoOfChild(pinoLogger)),
    "pino off": inLoop((n) => pinoLogger.debug({ n, text }, "received")),
  };
}

/** So many lines that the price of the call itself does not count; it may hold back as many. */
const linesPerCall = 400;
const callsPerRun = 25;
const text = "hello";

/** What the kit adds to every line of a call. */
const request_id = "2c0f3a8e-6f0b-4f4e-9d5c-8a2b1c3d4e5f";
const service = "chat.v1.ChatService";
const method = "Say";

/** Lines of a call that succeeds. Access lines are off: they belong to the call. */
function inCall(logging: LoggerOptions, line: (log: Logger, n: number) => void): Batch {
  const call = unaryNext((context) => {
    const log = logger(context);
    for (let n = 1; n <= linesPerCall; n++) line(log, n);
  });
  const observed = kitInterceptor(
    "logs alone",
    { maxEntries: linesPerCall, ...logging },
    { access: "off" },
  )(call);
  let made: MadeCall[] = [];
  return {
    operations: callsPerRun * linesPerCall,
    prepare() {
      made = Array.from({ length: callsPerRun }, unaryCall);
    },
    async run() {
      for (const call of made) await runCall(observed, call);
    },
  };
}

function recordAndFlush(log: Logger, n: number): void {
  log.info("received", { n, text });
  if (n % 5 === 0) log.flush();
}

function inLoop(line: (n: number) => void): Batch {
  const operations = callsPerRun * linesPerCall;
  const run = async () => {
    for (let n = 1; n <= operations; n++) line(n);
  };
  return { operations, run };
}

/** A logger for each call, as pino's users make it: here for five lines. */
function infoOfChild(parent: pino.Logger): (n: number) => void {
  const forCall = () => parent.child({ request_id, "rpc.service": service, "rpc.method": method });
  let child = forCall();
  return (n) => {
    child.info({ n, text }, "received");
    if (n % 5 === 0) child = forCall();
  };
}
