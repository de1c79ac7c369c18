import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { logger, receive } from "connect-clue";
import type { LogLine } from "connect-clue/testing";
import {
  type Chat,
  type ChatHandlers,
  type ChatOptions,
  startChat,
  staysOpen,
} from "../support/chat-server.js";
import { aborted, gate } from "../support/gate.js";
import { until } from "../support/until.js";
import type { Case, Course } from "./cases.js";

/** What the handler throws. */
export const errors = {
  "error before messages": new ConnectError("no such room", Code.NotFound),
  "error between messages": new Error("secret"),
  "error after messages": new ConnectError("lost", Code.DataLoss),
} as const;

export const shutdownReason = new ConnectError("server is shutting down", Code.Unavailable);

/** What was seen of one call, once both sides have ended. */
export interface Seen {
  readonly serverEvents: readonly string[];
  readonly clientEvents: readonly string[];
  readonly serverLines: readonly unknown[];
  readonly clientLines: readonly unknown[];
}

/** Whether a cell's call is the second one of its connection: a first one takes long, and a deadline would tell of that. */
export function hasWarmUp({ course }: Pick<Case, "course">): boolean {
  return course === "deadline";
}

/**
 * Plays one cell of the matrix.
 *
 * @param options - more options of the kit's interceptors
 */
export async function play(
  cell: Case,
  options: Pick<ChatOptions, "serverOptions" | "clientOptions"> = {},
): Promise<Seen> {
  const { kind, protocol, http, course } = cell;
  const chat = await startChat(handlers(course), { protocol, http, ...options });
  if (hasWarmUp(cell)) await chat.client.say({ text: "warm-up" });
  const n = chat.server.calls.length;
  await clients[kind](chat, cell, n).catch(() => {});
  return {
    serverEvents: await chat.server.events(n),
    clientEvents: await chat.clientSide.events(n),
    serverLines: chat.server.log.lines().map(withoutForeignWords),
    clientLines: chat.clientSide.log.lines().map(withoutForeignWords),
  };
}

/** What ends a call from outside is told in the words of Connect or Node, which differ by transport. */
function withoutForeignWords(line: LogLine): LogLine {
  if (line["rpc.outcome"] !== "canceled" && line["rpc.outcome"] !== "deadline") return line;
  const {
    err,
    "err.code": _code,
    "err.causes": _causes,
    "err.stack": _stack,
    "rpc.status": _status,
    ...rest
  } = line;
  return { ...rest, err: typeof err === "string" && err !== "" ? "<words>" : err };
}

/** Handlers that log a line, go as far as the course says, and then end as it says. */
function handlers(course: Course): ChatHandlers {
  return {
    async say({ text }, context) {
      if (text === "warm-up") return {};
      atWork(context);
      throwAt(course, "error before messages");
      await untilSignal(course, context);
      return { text: "done" };
    },
    async upload(messages, context) {
      atWork(context);
      throwAt(course, "error before messages");
      let count = 0;
      for await (const _ of messages) {
        count++;
        throwAt(course, "error between messages");
        await untilSignal(course, context);
      }
      throwAt(course, "error after messages");
      return { count };
    },
    async *countdown(_, context) {
      atWork(context);
      throwAt(course, "error before messages");
      yield { n: 1 };
      throwAt(course, "error between messages");
      await untilSignal(course, context);
      yield { n: 0 };
      throwAt(course, "error after messages");
    },
    async *chat(messages, context) {
      atWork(context);
      throwAt(course, "error before messages");
      for await (const { text } of messages) {
        yield { text };
        throwAt(course, "error between messages");
        await untilSignal(course, context);
      }
      throwAt(course, "error after messages");
    },
  };
}

function atWork(context: HandlerContext): void {
  logger(context).info("at work");
}

function throwAt(course: Course, place: keyof typeof errors): void {
  if (course === place) throw errors[place];
}

/** Where the end comes from outside, the handler waits for it and passes it on. */
async function untilSignal(course: Course, { signal }: HandlerContext): Promise<void> {
  if (course === "ok" || course in errors) return;
  await aborted(signal);
  throw signal.reason;
}

type PlayClient = (chat: Chat, cell: Case, n: number) => Promise<void>;

/** Clients that bring about what the client's side of a course is. */
const clients: Readonly<Record<Case["kind"], PlayClient>> = {
  async unary(chat, { course }, n) {
    const { options, act } = clientPart(chat, course);
    await Promise.all([chat.client.say({ text: "hi" }, options), actOnceReceived(chat, n, act)]);
  },
  async client_streaming(chat, cell, n) {
    const { options, act } = clientPart(chat, cell.course);
    await Promise.all([chat.client.upload(uploads(cell, chat), options), actOnceReceived(chat, n, act)]);
  },
  async server_streaming(chat, { course }) {
    const { options, act } = clientPart(chat, course);
    for await (const _ of receive(chat.client.countdown({}, options))) {
      act();
      if (course === "client break") break;
    }
  },
  async bidi_streaming(chat, { course }) {
    const { options, act } = clientPart(chat, course);
    const replied = gate();
    for await (const _ of receive(chat.client.chat(questions(course, replied.opened), options))) {
      replied.open();
      act();
      if (course === "client break") break;
    }
  },
};

function clientPart({ shutdown }: Chat, course: Course) {
  const controller = new AbortController();
  return {
    options: { signal: controller.signal, ...(course === "deadline" ? { timeoutMs: 400 } : {}) },
    act() {
      if (course === "client abort") controller.abort();
      if (course === "server shutdown") shutdown.abort(shutdownReason);
    },
  };
}

async function actOnceReceived({ server }: Chat, n: number, act: () => void): Promise<void> {
  await until(() => server.calls[n]?.events[0] !== undefined);
  act();
}

/** Two messages; where the call ends before, as many as come to the handler, and the stream stays open. */
async function* uploads({ course, http }: Case, { server }: Chat) {
  if (course === "error before messages") return await staysOpen({ http }, server);
  yield { text: "a" };
  if (course !== "ok" && course !== "error after messages") return await staysOpen({ http }, server);
  yield { text: "b" };
}

/** The second message is sent when the first one has been answered. */
async function* questions(course: Course, replied: Promise<void>) {
  if (course === "error before messages") await never;
  yield { text: "a" };
  await replied;
  if (course !== "ok" && course !== "error after messages") await never;
  yield { text: "b" };
}

const never = new Promise<never>(() => {});
