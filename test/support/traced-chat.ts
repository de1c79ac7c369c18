import type { Attributes } from "@opentelemetry/api";
import type { InterceptorOptions, Side, TraceOptions } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { type Chat, type ChatHandlers, type ChatOptions, startChat } from "./chat-server.js";
import { rpcAttributes } from "./rpc-attributes.js";

export interface TracedChatOptions extends ChatOptions {
  /** Records the spans. Default: a recorder of its own. */
  readonly spans?: TestSpans;
  /** More `trace` options, of each side; false for a side that is not traced. */
  readonly server?: TraceOptions | false;
  readonly client?: TraceOptions | false;
}

export interface TracedChat {
  readonly chat: Chat;
  readonly client: Chat["client"];
  readonly spans: TestSpans;
}

/** Starts a chat service and a client of it, both traced. */
export async function tracedChat(
  handlers: ChatHandlers = workingHandlers,
  options: TracedChatOptions = {},
): Promise<TracedChat> {
  const { spans = testSpans(), server, client, ...rest } = options;
  const traced = (own: InterceptorOptions | undefined, trace: TraceOptions | false | undefined) => ({
    ...own,
    trace: trace !== false && { ...spans.options, ...trace },
  });
  const chat = await startChat(handlers, {
    ...rest,
    serverOptions: traced(rest.serverOptions, server),
    clientOptions: traced(rest.clientOptions, client),
  });
  return { chat, client: chat.client, spans };
}

/** Handlers that do what their methods are for. */
export const workingHandlers: ChatHandlers = {
  say: ({ text }) => ({ text }),
  async upload(messages) {
    let count = 0;
    for await (const _ of messages) count++;
    return { count };
  },
  async *countdown({ from }) {
    for (let n = from; n >= 0; n--) yield { n };
  },
  async *chat(messages) {
    for await (const { text } of messages) yield { text };
  },
};

/**
 * The spans of a test's only call: the client's is the root, the server's its child.
 *
 * @param parts - what is to be seen beside what each side's span begins with
 */
export function bothSpans(
  method: string,
  parts: (side: Side) => Partial<TestSpan> = () => ({}),
  http: ChatOptions["http"] = "2",
): TestSpan[] {
  return (["client", "server"] as const).map((side) => spanOf(side, method, parts(side), http));
}

/** One side's span of a test's only call. */
export function spanOf(
  side: Side,
  method: string,
  { attributes, ...parts }: Partial<TestSpan> = {},
  http: ChatOptions["http"] = "2",
): TestSpan {
  return {
    kind: side,
    name: `chat.v1.ChatService/${method}`,
    trace: "trace 1",
    ...(side === "client" ? { span: "span 1" } : { span: "span 2", parent: "remote span 1" }),
    attributes: { ...rpcAttributes(side, method, http), ...attributes },
    ...parts,
  };
}

/** The attributes that tell of an error that is one on this side. */
export function failed(code: string): Attributes {
  return { "rpc.status_code": code, "clue.outcome": "error", "error.type": code };
}

/** The event of an error with a stack of its own, and what its stack trace goes on with. */
export function exception(type: string, message: string, more = ""): readonly [string, Attributes] {
  return [
    "exception",
    {
      "exception.type": type,
      "exception.message": message,
      "exception.stacktrace": `${type}: ${message}\n<frames>${more}`,
    },
  ];
}

/** Reads a response to its end. */
export async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
