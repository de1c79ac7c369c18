import type { LogLine } from "connect-clue/testing";

/** Parses the JSON lines of another process, or of a logger with outputs of its own, and replaces what differs from run to run. */
export function parseLines(text: string): LogLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => normalized(JSON.parse(line)));
}

function normalized(line: LogLine): LogLine {
  const entries = Object.entries(line).map(([key, value]) => [key, volatile[key]?.(value) ?? value]);
  return Object.fromEntries(entries);
}

const volatile: Readonly<Record<string, (value: unknown) => unknown>> = {
  time: (value) => expectMatch(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "<time>"),
  request_id: (value) => expectMatch(value, /^[0-9a-f-]{36}$/, "<id>"),
  "rpc.time_ms": (value) => (typeof value === "number" && value >= 0 ? "<ms>" : value),
  "rpc.peer": (value) => (typeof value === "string" ? value.replace(/:\d+$/, ":<port>") : value),
  "err.stack": (value) => expectMatch(value, /^\w*Error: .*\n +at /, "<stack>"),
};

/** What does not look as it should stays, and so fails the test that reads it. */
function expectMatch(value: unknown, pattern: RegExp, name: string): unknown {
  return typeof value === "string" && pattern.test(value) ? name : value;
}
