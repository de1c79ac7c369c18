import { Code, ConnectError, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { liveCalls } from "../call/call.js";
import { fakeClock } from "../fake-clock/index.js";
import { logger, receive, serverInterceptor } from "../index.js";
import { testCall, testLogger } from "./index.js";

type Chat = ServiceImpl<typeof ChatService>;
const { say, upload, countdown, chat } = ChatService.method;

const impl: Chat = {
  say({ text }, context) {
    context.responseHeader.set("x-head", "1");
    context.responseTrailer.set("x-tail", "2");
    return { text: `you said: ${text}` };
  },
  async upload(requests) {
    let count = 0;
    for await (const _ of requests) count++;
    return { count };
  },
  async *countdown({ from }) {
    for (let n = from; n >= 0; n--) yield { n };
  },
  async *chat(requests, context) {
    context.responseHeader.set("x-head", "1");
    context.responseTrailer.set("x-tail", "2");
    for await (const { text } of requests) yield { text: `you said: ${text}` };
  },
};

describe("testCall", () => {
  it("runs a unary handler", async () => {
    const call = testCall(say, impl.say, { request: { text: "hi" } });
    const { message, header, trailer } = await call.response;
    expect([message.text, header.get("x-head"), trailer.get("x-tail")]).toEqual(["you said: hi", "1", "2"]);
    expect(await call.error).toBeUndefined();
    expect((await call.header).get("x-head")).toBe("1");
    expect((await call.trailer).get("x-tail")).toBe("2");
    await call.handled;
    expect(Object.keys(call)).toEqual(["header", "trailer", "error", "handled", "cancel", "response"]);
  });

  it("runs a client-streaming handler", async () => {
    const call = testCall(upload, impl.upload);
    await call.send({});
    await call.send({});
    call.end();
    expect((await call.response).message.count).toBe(2);
  });

  it("runs a server-streaming handler", async () => {
    const call = testCall(countdown, impl.countdown, { request: { from: 3 } });
    expect((await call.receive()).n).toBe(3);
    const left: number[] = [];
    for await (const { n } of call) left.push(n);
    expect(left).toEqual([2, 1, 0]);
    expect(await call.error).toBeUndefined();
    await expect(call.receive()).rejects.toThrow("the call has ended, there is no further message");
  });

  it("runs a bidi handler, message by message", async () => {
    const call = testCall(chat, impl.chat);
    await call.send({ text: "a" });
    expect((await call.receive()).text).toBe("you said: a");
    expect((await call.header).get("x-head")).toBe("1");
    void call.send({ text: "b" });
    expect((await call.receive()).text).toBe("you said: b");
    call.end();
    expect(await call.rest()).toEqual([]);
    expect((await call.trailer).get("x-tail")).toBe("2");
    await call.handled;
  });

  it("fails as a client would see it, with the error's metadata", async () => {
    const call = testCall(say, () => {
      throw new ConnectError("not here", Code.NotFound, { "x-tail": "2" });
    });
    const error = await call.error;
    expect([error?.code, error?.rawMessage, error?.metadata.get("x-tail")]).toEqual([
      Code.NotFound,
      "not here",
      "2",
    ]);
    for (const part of [call.response, call.header, call.trailer]) await expect(part).rejects.toBe(error);
    await call.handled;
  });

  it("fails in the middle of a stream, and stays failed", async () => {
    const call = testCall(countdown, async function* () {
      yield { n: 1 };
      throw new Error("secret");
    });
    expect((await call.receive()).n).toBe(1);
    const error = await call.receive().catch((thrown) => thrown);
    expect([error.message, await call.error, await call.rest().catch((thrown) => thrown)]).toEqual([
      "[internal] internal error",
      error,
      error,
    ]);
    await expect(call.trailer).rejects.toBe(error);
    await call.handled;
  });

  it("sends headers, and asks nothing of a handler that an interceptor keeps away", async () => {
    const refuse: Interceptor = () => async (request) => {
      throw new ConnectError(`no ${request.header.get("x-who")}`, Code.PermissionDenied);
    };
    const calls = [
      testCall(say, impl.say, { headers: { "x-who": "bob" }, interceptors: [refuse] }),
      testCall(chat, impl.chat, { headers: { "x-who": "eve" }, interceptors: [refuse] }),
    ];
    for (const { handled } of calls) await handled;
    const messages = calls.map(async ({ error }) => (await error)?.rawMessage);
    expect(await Promise.all(messages)).toEqual(["no bob", "no eve"]);
  });

  it("waits for no stream that an interceptor has asked for and left", async () => {
    const leave: Interceptor = (next) => async (request) => {
      await next(request);
      throw new ConnectError("too late", Code.Aborted);
    };
    const call = testCall(chat, impl.chat, { interceptors: [leave] });
    await call.handled;
    expect((await call.error)?.rawMessage).toBe("too late");
  });

  it("asks a handler for its answer once, also one that begins when it is asked", async () => {
    let asked = 0;
    const lazy = {} as Promise<object>;
    Reflect.set(lazy, "then", (resolve: (answer: object) => void) => {
      asked++;
      resolve({ text: "x" });
    });
    const call = testCall(say, () => lazy);
    expect([(await call.response).message.text, asked]).toEqual(["x", 1]);
    await call.handled;
  });

  it("tells of the sending: it waits for the handler to ask, no longer than for the call's end", async () => {
    const seen: string[] = [];
    const call = testCall(upload, async (requests) => {
      for await (const _ of requests) {
        seen.push("read");
        break;
      }
      return { count: 1 };
    });
    const first = call.send({}).then(() => seen.push("first"));
    const second = call.send({}).then(() => seen.push("second"));
    expect((await call.response).message.count).toBe(1);
    await Promise.all([first, second]);
    expect(seen).toEqual(["first", "read", "second"]);
    await call.send({});
    call.end();
    await expect(call.send({})).rejects.toThrow(
      new Error("testCall: send() after end(): no more messages were to come"),
    );
  });
});

describe("a test call that is cancelled", () => {
  /** Keeps account of what its handler does. */
  function watched() {
    const events: unknown[] = [];
    const handler: Chat["chat"] = async function* (requests, context) {
      try {
        for await (const [ctx, { text }] of receive(requests, context)) {
          logger(ctx).info("got", { text });
          yield { text };
          yield { text };
          events.push("went on");
        }
      } catch (error) {
        events.push(String(error));
        throw error;
      } finally {
        logger(context).info("bye");
        events.push("done");
      }
    };
    return { events, handler };
  }

  it("ends a handler at its yield, also while nobody reads, and its log tells of it", async () => {
    const log = testLogger();
    const { events, handler } = watched();
    const call = testCall(chat, handler, { interceptors: [serverInterceptor({ logger: log })] });
    void call.send({ text: "a" });
    await call.receive();
    call.cancel();
    expect((await call.error)?.message).toBe("[canceled] the test cancelled the call");
    await call.handled;
    expect(events).toEqual(["done"]);
    expect([...liveCalls]).toEqual([]);
    expect(log.lines().map(({ level, msg, ...line }) => [level, msg, line["rpc.code"]])).toEqual([
      ["info", "start", undefined],
      ["info", "got", undefined],
      ["warn", "end", "canceled"],
      ["info", "bye", undefined],
    ]);
  });

  it("wakes a handler that reads", async () => {
    const { events, handler } = watched();
    const call = testCall(chat, handler);
    void call.send({ text: "a" });
    await call.receive();
    await call.receive();
    const read = call.receive();
    call.cancel(new Error("enough"));
    await expect(read).rejects.toThrow("enough");
    await call.handled;
    expect(events).toEqual(["went on", "Error: enough", "done"]);
    await expect(call.receive()).rejects.toThrow("enough");
  });

  it("aborts the signal of a unary handler, and waits for it", async () => {
    let signal: AbortSignal | undefined;
    const call = testCall(say, async (_, context) => {
      signal = context.signal;
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      return {};
    });
    await new Promise((resolve) => setImmediate(resolve));
    call.cancel();
    expect((await call.error)?.code).toBe(Code.Canceled);
    await call.handled;
    expect(signal?.aborted).toBe(true);
  });

  it("was cancelled by the test's signal, or by the end of the test", async () => {
    const ends: (() => void)[] = [];
    const controller = new AbortController();
    const calls = [
      testCall(chat, impl.chat, { signal: controller.signal }),
      testCall(chat, impl.chat, { test: { after: (act) => void ends.push(act) } }),
    ];
    for (const call of calls) {
      await call.send({ text: "a" });
      await call.receive();
    }
    controller.abort();
    for (const end of ends) end();
    for (const { error, handled } of calls) {
      expect((await error)?.code).toBe(Code.Canceled);
      await handled;
    }
  });

  it.each([
    ["between two answers", Number.POSITIVE_INFINITY],
    ["while it makes one", 1],
  ])("waits for no iterator that cannot be told: %s", async (_, answers) => {
    let n = 0;
    const next = () =>
      n < answers
        ? Promise.resolve({ done: false as const, value: { n: n++ } })
        : new Promise<never>(() => {});
    const call = testCall(countdown, () => ({ [Symbol.asyncIterator]: () => ({ next }) }));
    await call.receive();
    call.cancel();
    expect((await call.error)?.code).toBe(Code.Canceled);
    await call.handled;
  });

  it("was cancelled by a loop that is left", async () => {
    const { events, handler } = watched();
    const call = testCall(chat, handler);
    void call.send({ text: "a" });
    for await (const { text } of call) {
      expect(text).toBe("a");
      break;
    }
    expect((await call.error)?.code).toBe(Code.Canceled);
    await call.handled;
    expect(events.at(-1)).toBe("done");
  });

  it("says canceled of what cancelled it alone", async () => {
    const reason = new Error("enough");
    const broken = {
      get text(): string {
        throw new Error("broken");
      },
    };
    const controller = new AbortController();
    const calls = [
      testCall(chat, impl.chat, { signal: controller.signal }),
      testCall(chat, impl.chat, { signal: AbortSignal.abort(reason) }),
      testCall(say, impl.say, { request: broken }),
    ];
    controller.abort(reason);
    const errors = await Promise.all(calls.map(({ error }) => error));
    expect(errors.map((error) => error?.message)).toEqual([
      "[canceled] enough",
      "[canceled] enough",
      "[unknown] broken",
    ]);
  });

  it("stays as it is when its stream has ended", async () => {
    const call = testCall(countdown, impl.countdown, { request: { from: 0 } });
    await call.rest();
    call.cancel();
    expect(await call.rest()).toEqual([]);
    await expect(call.receive()).rejects.toThrow("the call has ended, there is no further message");
  });

  it("stays as it is when it has ended", async () => {
    const call = testCall(say, impl.say);
    await call.response;
    call.cancel();
    expect(await call.error).toBeUndefined();
  });

  it("is another thing than the server's shutdown", async () => {
    const { events, handler } = watched();
    const server = new AbortController();
    const call = testCall(chat, handler, { shutdownSignal: server.signal });
    void call.send({ text: "a" });
    await call.receive();
    await call.receive();
    const read = call.receive();
    server.abort(new ConnectError("bye", Code.Unavailable));
    await expect(read).rejects.toThrow("[unavailable] bye");
    await call.handled;
    expect(events).toEqual(["went on", "ConnectError: [unavailable] bye", "done"]);
  });
});

describe("the deadline of a test call", () => {
  it.each([
    ["a stream", () => testCall(chat, impl.chat, { timeoutMs: 1000 })],
    ["a unary call", () => testCall(say, () => new Promise<never>(() => {}), { timeoutMs: 1000 })],
  ])("passes with the clock: %s", async (_, start) => {
    const clock = fakeClock();
    onTestFinished(() => clock.restore());
    const call = start();
    let isOver = false;
    void call.error.then(() => {
      isOver = true;
    });
    await clock.advance(999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect((await call.error)?.code).toBe(Code.DeadlineExceeded);
  });

  it("is what the log says, to the millisecond", async (t) => {
    const clock = fakeClock({ test: t });
    const log = testLogger();
    const call = testCall(chat, impl.chat, {
      timeoutMs: 250,
      interceptors: [serverInterceptor({ logger: log })],
    });
    await clock.advance(250);
    await call.handled;
    const fields = Object.fromEntries(log.entries.at(-1)?.fields ?? []);
    expect([fields["rpc.outcome"], fields["rpc.time_ms"]]).toEqual(["deadline", 250]);
    expect([...liveCalls]).toEqual([]);
  });
});

describe("testCall's arguments", () => {
  it.each<[string, () => unknown]>([
    [
      'testCall: method: expected a method of a generated service, as ChatService.method.say, got "say"',
      () => testCall("say" as never, impl.say as never),
    ],
    [
      "testCall: handler: expected the method's implementation, a function, got undefined",
      () => testCall(say, undefined as never),
    ],
    [
      'testCall: there is no option "header"; there are request, interceptors, headers, timeoutMs, signal, shutdownSignal, test',
      () => testCall(say, impl.say, { header: {} } as never),
    ],
    [
      "testCall: request: Upload takes a stream of messages: send() sends each",
      () => testCall(upload, impl.upload, { request: {} } as never),
    ],
    [
      "testCall: interceptors: expected a list of interceptors, got a function",
      () => testCall(say, impl.say, { interceptors: serverInterceptor() } as never),
    ],
    [
      "testCall: timeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0",
      () => testCall(say, impl.say, { timeoutMs: 0 }),
    ],
    [
      "testCall: signal: expected an object with addEventListener, got an object",
      () => testCall(say, impl.say, { signal: {} } as never),
    ],
    [
      'test: expected the context that Vitest or node:test hands to a test, as in test("…", (t) => …), got an object',
      () => testCall(say, impl.say, { test: {} } as never),
    ],
  ])("%s", (message, call) => {
    expect(call).toThrow(new TypeError(message));
  });

  it("are refused with the header that is bad", () => {
    const options = { headers: { "b d": "1" } };
    expect(() => testCall(say, impl.say, options)).toThrow(/^testCall: headers: .*b d/);
    expect(() => testCall(say, impl.say, options)).toThrow(TypeError);
  });
});
