import { afterAll, expect } from "vitest";
import { calls, liveCalls } from "../../src/call/call.js";
import { chooseImplicitContext } from "../../src/call/implicit.js";
import { loggers } from "../../src/log/create-logger.js";
import { endWith } from "./hand-made-call.js";

// Vitest's set-up of the test files that share a process, one after the other. The kit's own state is brought back to what
// a new process has. What belongs to the process, a file has to restore: it fails when it does not.

// Calls made by hand, which nobody ends, and handlers that wait for what never comes.
for (const call of [...liveCalls]) endWith(call, "canceled");
for (const call of calls.lingering ?? []) calls.lingering?.delete(call);
for (const logger of loggers) logger.setDebug(false);

// A file that switches the implicit context off gets an error for it: it has to be alone.
chooseImplicitContext(true);

/** Where OpenTelemetry's API keeps its globals. */
const openTelemetry = Symbol.for("opentelemetry.js.api.1");

/** Events of the process that a file may listen to for a while. The kit's own hooks for crashes and exits stay. */
const events = [
  "SIGTERM",
  "SIGINT",
  "SIGUSR2",
  "uncaughtException",
  "unhandledRejection",
  "beforeExit",
  "warning",
];

const before = state();
afterAll(() => {
  expect(state(), "left behind for the next test file: restore it, or see vitest.config.ts").toEqual(before);
});

/** What tests can change in a process, and the next file would notice. */
function state(): unknown {
  return {
    openTelemetry: Object.keys({ ...Reflect.get(globalThis, openTelemetry), version: "" }).sort(),
    functions: [setTimeout, setInterval, Date, performance.now, fetch, console],
    listeners: Object.fromEntries(events.map((event) => [event, process.listenerCount(event)])),
    env: { ...process.env },
    cwd: process.cwd(),
    exitCode: process.exitCode,
  };
}
