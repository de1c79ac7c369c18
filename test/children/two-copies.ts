/**
 * Runs what is asked for with two copies of the kit in one process: the interceptors are of the one, what handlers use is
 * of the other. Prints what came of each scenario as one JSON object, the lines of the log among it.
 *
 * Arguments: the folders of the two copies, and the names of scenarios.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { create } from "@bufbuild/protobuf";
import { createClient, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  ChatService,
  SayRequestSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";

type Kit = typeof import("connect-clue");
type Debug = typeof import("connect-clue/debug");
type TestKit = typeof import("connect-clue/testing");

const [first = "", second = "", ...names] = process.argv.slice(2);
const load = async (folder: string, entry: string) =>
  await import(pathToFileURL(join(folder, `dist/src/${entry}.js`)).href);
const a: Kit = await load(first, "index");
const b: Kit = await load(second, "index");

const lines: unknown[] = [];
const sink = {
  write(text: string) {
    for (const line of text.trimEnd().split("\n")) lines.push(JSON.parse(line));
  },
};
const log = a.createLogger({ format: "json", sink });
const traced = { propagator: new W3CTraceContextPropagator() };

const scenarios: Readonly<Record<string, () => Promise<object | undefined>>> = {
  /** What succeeds is silent, and what fails tells all: with and without a context given. */
  async unary() {
    const client = serve({
      say({ text }, context) {
        b.logger(context).info("by the handler's context", { text });
        b.logger().with({ more: 1 }).info("by the active one");
        if (text === "fail") throw b.annotate(new Error("no luck"), { orderId: 5 });
        return { text: String(b.contextOf(context) === a.contextOf(context)) };
      },
    });
    const { text } = await client.say({ text: "succeed" });
    await client.say({ text: "fail" }).catch(() => {});
    return { sameContext: text };
  },

  /** Each message's context goes from one end to the other. */
  async stream() {
    const client = serve({
      async *chat(requests, context) {
        for await (const [ctx, message] of b.receive(requests, context)) {
          b.logger(ctx).info("received", { text: message.text });
          yield b.send(ctx, ChatResponseSchema, { text: message.text });
        }
        throw new Error("over");
      },
    });
    const spanOf = (digit: string) => ({
      traceId: digit.repeat(32),
      spanId: digit.repeat(16),
      traceFlags: 0,
    });
    async function* questions() {
      for (const digit of ["1", "2"]) {
        const ctx = trace.setSpanContext(ROOT_CONTEXT, spanOf(digit));
        yield b.send(ctx, create(ChatRequestSchema, { text: digit }));
      }
    }
    const answers: unknown[] = [];
    try {
      for await (const [ctx, { text }] of b.receive(client.chat(questions()))) {
        answers.push([text, trace.getSpanContext(ctx)?.traceId]);
      }
    } catch {}
    return { answers };
  },

  /** A loop on a client that is left cancels the call. */
  async left() {
    let signal: AbortSignal | undefined;
    const client = serve({
      async *chat(_, context) {
        signal = context.signal;
        for (let i = 0; ; i++) yield { text: `${i}` };
      },
    });
    for await (const [, { text }] of b.receive(client.chat(endless()))) if (text === "1") break;
    await new Promise((resolve) => setImmediate(resolve));
    return { aborted: signal?.aborted };
  },

  /** A call that a handler makes belongs to the one that it serves: its log, its id, its deadline. */
  async relay() {
    const inner = serve({ say: ({ text }) => ({ text }) }, undefined, "buffered");
    const client = serve({
      async say({ text }, context) {
        await inner.say({ text }, b.callOptions(context));
        throw new Error("after the inner call");
      },
    });
    await client.say({ text: "x" }, { timeoutMs: 60_000 }).catch(() => {});
    return {};
  },

  /** Loggers, and what one copy makes for the interceptor of the other. */
  async given() {
    const client = serve(
      {
        say({ text }, context) {
          a.logger(a.withFields(context, { a: 1 })).info("of the first");
          b.logger(b.withLogger(context, log)).info("of the second");
          b.logger(context).info("JSON", {
            json: a.redactedJson(SayRequestSchema, create(SayRequestSchema)),
          });
          if (text === "fail") throw new Error("no luck");
          return {};
        },
      },
      b.serverInterceptor({ logger: log, payloads: a.payloadLog(), trace: traced }),
    );
    log.setDebug((call) => call?.side === "server");
    await client.say({ text: "debug" });
    log.setDebug(false);
    await client.say({ text: "fail" }).catch(() => {});
    return {};
  },

  /** The debug service of one copy sees the calls of the other, and switches debug on for them. */
  async debug() {
    const { debugRoutes, DebugService }: Debug = await load(second, "debug/index");
    const stuck = gate();
    const reached = gate();
    const transport = createRouterTransport(
      (router) => {
        debugRoutes({
          authorize: () => "me",
          logger: b.createLogger({ default: false, sink: { write() {} } }),
        })(router);
        router.service(ChatService, {
          async say(_, context) {
            b.logger(context).debug("for the curious");
            reached.open();
            await stuck.opened;
            return {};
          },
        });
      },
      {
        router: { interceptors: [a.serverInterceptor({ logger: log, trace: false }), b.serverInterceptor()] },
      },
    );
    const operator = createClient(DebugService, transport);
    await operator.setDebugLogs({ enabled: true, method: "chat.*" });
    const call = createClient(ChatService, transport).say({});
    await reached.opened;
    const { calls } = await operator.listCalls({ method: "*/Say" });
    await operator.setDebugLogs({ enabled: false });
    stuck.open();
    await call;
    return { calls: calls.map(({ method }) => method) };
  },

  /** A test's context, given by the test kit of the other copy. */
  async test() {
    const { received }: TestKit = await load(second, "testing/index");
    const ctx = ROOT_CONTEXT.setValue(Symbol.for("tenant"), "mine");
    async function* requests() {
      yield received(ctx, ChatRequestSchema, { text: "hi" });
    }
    const tenants: unknown[] = [];
    for await (const [each] of a.receive(requests())) tenants.push(each.getValue(Symbol.for("tenant")));
    return { tenants };
  },

  /** Both write to standard output, and die together: the first copy has one call in flight. */
  async crash() {
    const out = a.createLogger({ format: "json", default: true });
    b.createLogger({ format: "json", default: false }).print("by the second copy");
    out.print("by the first copy");
    const client = serve(
      {
        say(_, context) {
          b.logger(context).info("held back");
          setImmediate(() => {
            throw new Error("crash");
          });
          return new Promise<never>(() => {});
        },
      },
      a.serverInterceptor({ logger: out, trace: false }),
    );
    client.say({}).catch(() => {});
    return undefined;
  },

  /** Versions that do not work together. */
  async mismatch() {
    const errors: string[] = [];
    const wrong: (() => unknown)[] = [
      () => b.serverInterceptor({ logger: log }),
      () => b.withLogger(ROOT_CONTEXT, log),
      () => a.serverInterceptor({ payloads: b.payloadLog() }),
    ];
    for (const make of wrong) {
      try {
        make();
      } catch (error) {
        errors.push(String(error));
      }
    }
    const client = serve({
      async *chat(requests, context) {
        for await (const [ctx, { text }] of a.receive(requests, context))
          yield b.send(ctx, ChatResponseSchema, { text });
      },
    });
    const answers: string[] = [];
    async function* questions() {
      yield { text: "still answered" };
    }
    for await (const { text } of client.chat(questions())) answers.push(text);
    return { errors, answers };
  },
};

/** A client of a server in memory. By default both have the first copy's interceptors. */
function serve(
  service: Partial<ServiceImpl<typeof ChatService>>,
  server = a.serverInterceptor({ logger: log, trace: traced }),
  access: "off" | "buffered" = "off",
) {
  const transport = createRouterTransport((router) => router.service(ChatService, service), {
    router: { interceptors: [server] },
    transport: {
      interceptors: [a.clientInterceptor({ logger: log, trace: traced, log: { access } })],
    },
  });
  return createClient(ChatService, transport);
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

async function* endless() {
  yield { text: "" };
  await new Promise(() => {});
}

for (const name of names) {
  lines.length = 0;
  const result = await scenarios[name]?.();
  if (result !== undefined) console.log(JSON.stringify({ name, ...result, lines }));
}
