/** Two copies of the built package in one process: what belongs together works together, and other versions say so. */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { scopeVersion } from "../src/call/scope.js";
import { root } from "./support/built.js";
import { type ChildResult, runChild } from "./support/child.js";

// Three processes load the built package twice each.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "two-copies-"));
const [one, two, other] = ["one", "two", "other"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

beforeAll(() => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const copy of [one, two, other]) {
    mkdirSync(copy);
    for (const part of ["package.json", "dist/src", "dist/gen"]) {
      cpSync(join(root, part), join(copy, part), {
        recursive: true,
        filter: (path) => !/\.(map|ts)$/.test(path),
      });
    }
  }
  edit("contract = 1;", "contract = 2;");
  edit(`scopeVersion = "${scopeVersion}"`, 'scopeVersion = "9.9.9"');
});
afterAll(() => rmSync(folder, { recursive: true }));

it("the logger of one writes into the buffer of a call that the other observes", async () => {
  expect(await outcome("unary")).toEqual({
    sameContext: "true",
    lines: [
      ofCall("Say", { msg: "start", "rpc.side": "server", "rpc.kind": "unary", "rpc.protocol": "connect" }),
      ofCall("Say", { msg: "by the handler's context", text: "fail" }),
      ofCall("Say", { msg: "by the active one", more: 1 }),
      ofCall("Say", { ...failure("no luck"), orderId: 5, "rpc.received": 1, "rpc.sent": 0 }),
    ],
  });
});

it("messages bring their contexts from receive() and send() of one through interceptors of the other", async () => {
  const spanOf = (digit: string) => ({ trace_id: digit.repeat(32), span_id: digit.repeat(16) });
  expect(await outcome("stream")).toEqual({
    answers: [
      ["1", "1".repeat(32)],
      ["2", "2".repeat(32)],
    ],
    lines: [
      ofCall("Chat", {
        msg: "start",
        "rpc.side": "server",
        "rpc.kind": "bidi_streaming",
        "rpc.protocol": "connect",
      }),
      ofCall("Chat", { msg: "received", text: "1", ...spanOf("1") }),
      ofCall("Chat", { msg: "received", text: "2", ...spanOf("2") }),
      ofCall("Chat", { ...failure("over"), "rpc.received": 2, "rpc.sent": 2 }),
    ],
  });
});

it("a loop that is left cancels the call of the other copy's client", async () => {
  expect(await outcome("left")).toMatchObject({ aborted: true });
});

it("callOptions() of one joins an outgoing call to the call that the other observes", async () => {
  expect(await outcome("relay")).toEqual({
    lines: [
      ofCall("Say", { msg: "start", "rpc.side": "server", "rpc.kind": "unary", "rpc.protocol": "connect" }),
      ofCall("Say", {
        msg: "start",
        "rpc.side": "client",
        "rpc.kind": "unary",
        "rpc.protocol": "connect",
        "rpc.peer": "in-memory",
      }),
      ofCall("Say", { msg: "end", "rpc.code": "ok", "rpc.received": 1, "rpc.sent": 1 }),
      ofCall("Say", { ...failure("after the inner call"), "rpc.received": 1, "rpc.sent": 0 }),
    ],
  });
});

it("loggers, contexts and payloads of one are good for the interceptor of the other", async () => {
  const start = ofCall("Say", {
    msg: "start",
    "rpc.side": "server",
    "rpc.kind": "unary",
    "rpc.protocol": "connect",
  });
  expect(await outcome("given")).toEqual({
    lines: [
      start,
      ofCall("Say", { level: "debug", msg: "request", payload: { text: "debug" } }),
      ofCall("Say", { msg: "of the first", a: 1 }),
      { level: "info", msg: "of the second" },
      ofCall("Say", { msg: "JSON", json: {} }),
      ofCall("Say", { level: "debug", msg: "response", result: {} }),
      ofCall("Say", { msg: "end", "rpc.code": "ok", "rpc.received": 1, "rpc.sent": 1 }),
      { level: "info", msg: "of the second" },
      start,
      ofCall("Say", { msg: "of the first", a: 1 }),
      ofCall("Say", { msg: "JSON", json: {} }),
      ofCall("Say", { ...failure("no luck"), "rpc.received": 1, "rpc.sent": 0 }),
    ],
  });
});

it("the debug service of one lists the calls of the other, each once, and switches debug on for them", async () => {
  expect(await outcome("debug")).toEqual({
    calls: ["chat.v1.ChatService/Say"],
    lines: [
      ofCall("Say", { msg: "start", "rpc.side": "server", "rpc.kind": "unary", "rpc.protocol": "connect" }),
      ofCall("Say", { level: "debug", msg: "for the curious", debug_rule: 1 }),
    ],
  });
});

it("a message that the test kit of one has given a context has it in receive() of the other", async () => {
  expect(await outcome("test")).toEqual({ tenants: ["mine"], lines: [] });
});

it("write to one descriptor in order, and leave one story when the process dies", async () => {
  const { stdout } = await runChild("two-copies", [one, two, "crash"]);
  expect(stdout.trimEnd().split("\n").map(stable)).toEqual([
    { level: "info", msg: "by the second copy" },
    { level: "info", msg: "by the first copy" },
    ofCall("Say", { msg: "start", "rpc.side": "server", "rpc.kind": "unary", "rpc.protocol": "connect" }),
    ofCall("Say", { msg: "held back" }),
    { level: "error", msg: "uncaught exception", err: "crash" },
  ]);
});

it("versions that do not work together say so once, refuse each other's objects, and disturb no call", async () => {
  const { stdout, stderr } = await runChild("two-copies", [one, other, "mismatch"]);
  const told = (first: string, second: string) =>
    `versions ${first} and ${second} in one process know nothing of each other's calls, contexts and loggers: ` +
    "make them one (`npm ls connect-clue` shows who brings which)";
  const refused = (option: string, first: string, second: string) =>
    `TypeError: ${option}: made by another version of connect-clue: ${told(first, second)}`;
  expect(stderr).toBe(`connect-clue: ${told(scopeVersion, "9.9.9")}\n`);
  expect(JSON.parse(stdout)).toEqual({
    name: "mismatch",
    errors: [
      refused("logger", scopeVersion, "9.9.9"),
      refused("withLogger", scopeVersion, "9.9.9"),
      refused("payloads", "9.9.9", scopeVersion),
    ],
    answers: ["still answered"],
    lines: [],
  });
});

/** Makes the third copy another version. */
/** Edits the built file that has a text: which one that is, the build decides. */
function edit(before: string, after: string): void {
  const paths = readdirSync(join(other, "dist/src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js") && !path.startsWith("cli"))
    .map((path) => join(other, "dist/src", path))
    .filter((path) => readFileSync(path, "utf8").includes(before));
  expect(paths).toHaveLength(1);
  for (const path of paths) writeFileSync(path, readFileSync(path, "utf8").replace(before, after));
}

/** What came of a scenario. All of them run in one process, when the first is asked for. */
async function outcome(scenario: string): Promise<unknown> {
  together ??= runChild("two-copies", [one, two, ...scenarios]);
  const { stdout, stderr } = await together;
  expect(stderr).toBe("");
  const results = stdout.trimEnd().split("\n");
  const { name, lines, ...rest } = JSON.parse(results[scenarios.indexOf(scenario)] ?? "{}");
  expect(name).toBe(scenario);
  return { ...rest, lines: lines.map((line: unknown) => stable(JSON.stringify(line))) };
}

const scenarios = ["unary", "stream", "left", "relay", "given", "debug", "test"];
let together: Promise<ChildResult> | undefined;

/** A line without what differs from run to run. */
function stable(line: string): Record<string, unknown> {
  const {
    time: _,
    request_id: id,
    "rpc.time_ms": __,
    "err.stack": ___,
    "err.time": ____,
    ...rest
  } = JSON.parse(line);
  return id === undefined ? rest : { ...rest, request_id: typeof id };
}

function ofCall(method: string, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const call = { request_id: "string", "rpc.service": "chat.v1.ChatService", "rpc.method": method };
  return { level: "info", ...call, ...fields };
}

function failure(err: string): Record<string, unknown> {
  const end = { "rpc.code": "internal", "rpc.outcome": "error", "rpc.status": "internal error" };
  return { level: "error", msg: "end", err, ...end };
}
