import type { RpcKind, Side } from "connect-clue";
import { isInstalled } from "../support/installed.js";
import type { Case, Course } from "./cases.js";
import { errors, type Seen, shutdownReason } from "./scenario.js";

/** What is to be seen of a cell. */
export function expected(cell: Case): Seen {
  const serverEvents = progress[cell.kind][extents[cell.course]];
  const clientEvents = serverEvents.map(mirrored);
  const server: Ended = {
    ...ends[cell.course],
    received: count(serverEvents, "receive"),
    sent: count(serverEvents, "send") - unpulled(cell),
  };
  const client: Ended = {
    ...(clientEnds[cell.course] ?? ends[cell.course]),
    received: count(clientEvents, "receive"),
    sent: server.received - unconfirmed(cell),
  };
  return {
    serverEvents: [...serverEvents, endEvent(server)],
    clientEvents: [...clientEvents, endEvent(client)],
    serverLines: server.level === undefined ? [] : serverLines(cell, server),
    clientLines: client.level === undefined ? [] : clientLines(cell, client),
  };
}

/** How far a call comes: before its messages, to the middle, after all of them but without an answer, to its end. */
type Extent = "nothing" | "half" | "all" | "done";

const extents: Readonly<Record<Course, Extent>> = {
  ok: "done",
  "error before messages": "nothing",
  "error between messages": "half",
  "error after messages": "all",
  "client abort": "half",
  "client break": "half",
  deadline: "half",
  "server shutdown": "half",
};

const untilAnswer = ["receive 1"];
const fullStream = ["receive 1", "send 1", "send 2"];
const fullChat = ["receive 1", "send 1", "receive 2", "send 2"];

/** What a server is told on the way. A client is told the mirror image. */
const progress: Readonly<Record<RpcKind, Readonly<Record<Extent, readonly string[]>>>> = {
  unary: { nothing: untilAnswer, half: untilAnswer, all: untilAnswer, done: ["receive 1", "send 1"] },
  client_streaming: {
    nothing: [],
    half: ["receive 1"],
    all: ["receive 1", "receive 2"],
    done: ["receive 1", "receive 2", "send 1"],
  },
  server_streaming: {
    nothing: ["receive 1"],
    half: ["receive 1", "send 1"],
    all: fullStream,
    done: fullStream,
  },
  bidi_streaming: { nothing: [], half: ["receive 1", "send 1"], all: fullChat, done: fullChat },
};

function mirrored(event: string): string {
  return event.startsWith("receive") ? event.replace("receive", "send") : event.replace("send", "receive");
}

/** An end, and the level of its line: none where success leaves no trace. */
interface End {
  readonly type: string;
  readonly code: string;
  readonly level: "warn" | "error" | undefined;
  /** The line's error. */
  readonly error?: Readonly<Record<string, unknown>>;
}

interface Ended extends End {
  readonly received: number;
  readonly sent: number;
}

/** Where Connect or Node tells of the end, the words are no concern of this test. */
const foreign = { err: "<words>" };
const canceled = { type: "canceled", code: "canceled", error: foreign };

/** How a server's call ends, and a client's where {@link clientEnds} does not say otherwise. */
const ends: Readonly<Record<Course, End>> = {
  ok: { type: "ok", code: "ok", level: undefined },
  "error before messages": {
    type: "error",
    code: "not_found",
    level: "warn",
    error: {
      err: errors["error before messages"].message,
      "err.code": "not_found",
      "rpc.status": "no such room",
    },
  },
  "error between messages": {
    type: "error",
    code: "internal",
    level: "error",
    error: { err: "secret", "err.stack": "<stack>", "rpc.status": "internal error" },
  },
  "error after messages": {
    type: "error",
    code: "data_loss",
    level: "error",
    error: { err: errors["error after messages"].message, "err.code": "data_loss", "rpc.status": "lost" },
  },
  "client abort": { ...canceled, level: "warn" },
  "client break": { ...canceled, level: "warn" },
  deadline: { type: "deadline", code: "deadline_exceeded", level: "error", error: foreign },
  "server shutdown": {
    type: "shutdown",
    code: "unavailable",
    level: "error",
    error: {
      err: shutdownReason.message,
      "err.code": "unavailable",
      "rpc.status": shutdownReason.rawMessage,
    },
  },
};

const clientEnds: Partial<Readonly<Record<Course, End>>> = {
  "error between messages": {
    type: "error",
    code: "internal",
    level: "error",
    error: { err: "[internal] internal error", "err.code": "internal", "rpc.status": "internal error" },
  },
  // A client that gives up wanted just that.
  "client abort": { ...canceled, level: undefined },
  "client break": { ...canceled, level: undefined },
  "server shutdown": { ...ends["server shutdown"], type: "error" },
};

/**
 * Messages that a client has handed over and that do not count as sent: in memory, the last one before the handler stops
 * reading, since no one asks for the next; in a unary call, one that was never answered.
 */
function unconfirmed({ kind, http, course }: Case): number {
  if (kind === "unary") return course === "client abort" || course === "deadline" ? 1 : 0;
  return http === "memory" && kind !== "server_streaming" && extents[course] === "half" ? 1 : 0;
}

/**
 * Messages that a server has handed over and that do not count as sent: in memory, Connect 2.3 asks for no further message
 * once the client has given up.
 */
function unpulled({ kind, http, course }: Case): number {
  const isLeft = course === "client abort" || course === "client break";
  const isAnswered = kind === "server_streaming" || kind === "bidi_streaming";
  return http === "memory" && isLeft && isAnswered && isInstalled("@connectrpc/connect", 2, 3) ? 1 : 0;
}

function count(events: readonly string[], verb: string): number {
  return events.filter((event) => event.startsWith(verb)).length;
}

function endEvent({ type, code, received, sent }: Ended): string {
  return `end ${type === "ok" ? "ok" : `${type} ${code}`} received=${received} sent=${sent}`;
}

function serverLines(cell: Case, end: Ended): unknown[] {
  const call = callFields(cell);
  const atWork = { time: "<time>", level: "info", msg: "at work", ...call };
  return [startLine(cell, "server"), atWork, endLine(cell, end)];
}

function clientLines(cell: Case, end: Ended): unknown[] {
  return [startLine(cell, "client"), endLine(cell, end)];
}

function startLine(cell: Case, side: Side): unknown {
  const authority = { memory: "in-memory", "1.1": "127.0.0.1:<port>", "2": "127.0.0.1:<port>" }[cell.http];
  const peer = cell.http === "memory" && side === "server" ? {} : { "rpc.peer": authority };
  return {
    time: "<time>",
    level: "info",
    msg: "start",
    "rpc.side": side,
    "rpc.kind": cell.kind,
    "rpc.protocol": cell.protocol,
    ...peer,
    ...callFields(cell),
  };
}

function endLine(cell: Case, { type, code, level, error, received, sent }: Ended): unknown {
  return {
    time: "<time>",
    level,
    msg: "end",
    ...error,
    "rpc.code": code,
    "rpc.outcome": type,
    "rpc.time_ms": "<ms>",
    "rpc.received": received,
    "rpc.sent": sent,
    ...callFields(cell),
  };
}

function callFields({ kind }: Case) {
  return { request_id: "<id>", "rpc.service": "chat.v1.ChatService", "rpc.method": methods[kind] };
}

/** The method of each kind. */
export const methods: Readonly<Record<RpcKind, string>> = {
  unary: "Say",
  client_streaming: "Upload",
  server_streaming: "Countdown",
  bidi_streaming: "Chat",
};
