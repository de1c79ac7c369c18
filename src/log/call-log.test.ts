import { Code, ConnectError } from "@connectrpc/connect";
import { ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { logger, send, withFields, withLogger } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { describe, expect, it } from "vitest";
import { ChatResponseSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { gate } from "../../test/support/gate.js";
import { sayFields as call, loggedChat, sayStart as start } from "../../test/support/logged-chat.js";
import { codeName } from "../call/code.js";
import { runIn } from "../call/implicit.js";
import { contextOf, receive } from "../context/index.js";
import { lineLedger } from "./ledger.js";

describe("the log of a call", () => {
  it("is silent when the call succeeds", async () => {
    const chat = loggedChat({
      say(_, context) {
        logger(context).info("one");
        logger(context).warn("two");
        return { text: "done" };
      },
    });
    await chat.client.say({});
    expect(chat.lines()).toEqual([]);
    expect(lineLedger.bytes).toBe(0);
  });

  it("tells the whole story when the call fails, in order and with the fields of the call", async () => {
    const chat = loggedChat({
      say({ text }, context) {
        logger(context).info("one", { text });
        logger(context).warnf("two of %d", 2);
        throw new Error("lost", { cause: new TypeError("why") });
      },
    });
    await expect(chat.client.say({ text: "hi" })).rejects.toThrow("[internal] internal error");
    expect(chat.lines()).toEqual([
      start,
      { time: "<time>", level: "info", msg: "one", text: "hi", ...call },
      { time: "<time>", level: "warn", msg: "two of 2", ...call },
      {
        time: "<time>",
        level: "error",
        msg: "end",
        err: "lost",
        "err.causes": ["why"],
        "err.stack": "<stack>",
        "rpc.code": "internal",
        "rpc.time_ms": "<ms>",
        "rpc.received": 1,
        "rpc.sent": 0,
        "rpc.outcome": "error",
        "rpc.status": "internal error",
        ...call,
      },
    ]);
    expect(lineLedger.bytes).toBe(0);
  });

  it("keeps the time of each line, not of the flush", async (t) => {
    const clock = fakeClock({ now: 1000, test: t });
    const chat = loggedChat({
      async say(_, context) {
        logger(context).info("early");
        await clock.advance(20);
        logger(context).flush();
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.log.entries.map(({ fields: [message], time }) => [message?.[1], time])).toEqual([
      ["start", 1000],
      ["early", 1000],
    ]);
  });

  it("keeps values as they were when they were logged", async () => {
    const chat = loggedChat({
      say(_, context) {
        const value = { deep: { n: 1 }, list: [1], when: new Date(0) };
        const { deep, list, when } = value;
        logger(context).info("fields", value);
        logger(context).infof("%j %s %j", deep, list, when);
        deep.n = 2;
        list.push(2);
        when.setTime(1);
        value.deep = { n: 3 };
        throw new Error("x");
      },
    });
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.lines().slice(1, 3)).toEqual([
      {
        time: "<time>",
        level: "info",
        msg: "fields",
        deep: { n: 1 },
        list: [1],
        when: "1970-01-01T00:00:00.000Z",
        ...call,
      },
      { time: "<time>", level: "info", msg: '{"n":1} [ 1 ] "1970-01-01T00:00:00.000Z"', ...call },
    ]);
  });

  it("writes an error at once, after what led up to it; a unary call stays written through", async () => {
    const chat = loggedChat({
      say(_, context) {
        const log = logger(context);
        log.info("before");
        log.error(new ConnectError("no such thing", Code.NotFound), "looked it up", { id: 7 });
        expect(chat.story()).toEqual(["info start", "info before", "error looked it up"]);
        log.info("after");
        expect(chat.story().at(-1)).toBe("info after");
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.story()).toEqual([
      "info start",
      "info before",
      "error looked it up",
      "info after",
      "info end",
    ]);
    expect(chat.lines()[2]).toEqual({
      time: "<time>",
      level: "error",
      msg: "looked it up",
      err: "[not_found] no such thing",
      "err.code": "not_found",
      id: 7,
      ...call,
    });
  });

  it("prints without flushing", async () => {
    const chat = loggedChat({
      say(_, context) {
        logger(context).info("held back");
        logger(context).printf("%s", "printed");
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.lines()).toEqual([{ time: "<time>", level: "info", msg: "printed", ...call }]);
  });

  it.each(Object.values(Code).filter((code) => typeof code === "number"))(
    "ends with the severity of code %i",
    async (code) => {
      const chat = loggedChat({
        say() {
          throw new ConnectError("x", code);
        },
      });
      await expect(chat.client.say({})).rejects.toThrow();
      const serverFaults = [
        "unknown",
        "deadline_exceeded",
        "unimplemented",
        "internal",
        "unavailable",
        "data_loss",
      ];
      const severity = serverFaults.includes(codeName(code)) ? "error" : "warn";
      expect(chat.story()).toEqual(["info start", `${severity} end`]);
    },
  );

  it("writes at once what is logged after the call", async () => {
    const over = gate();
    const logged = gate();
    const chat = loggedChat({
      say(_, context) {
        logger(context).info("during");
        void over.opened.then(() => {
          logger(context).info("later");
          logged.open();
        });
        return {};
      },
    });
    await chat.client.say({});
    over.open();
    await logged.opened;
    expect(chat.story()).toEqual(["info later"]);
  });
});

describe("the log of a stream", () => {
  it("begins a new story with the message after an error", async () => {
    const chat = loggedChat({
      async *chat(messages, context) {
        for await (const [ctx, { text }] of receive(messages, context)) {
          logger(ctx).info("received", { text });
          if (text === "fail") logger(ctx).error(new Error("bad"), "failed");
          if (text === "die") throw new Error("dead");
          logger(ctx).info("handled");
          yield send(ctx, ChatResponseSchema, { text });
        }
      },
    });
    for await (const _ of chat.client.chat(requests({ text: "a" }, { text: "fail" }, { text: "b" }))) {
      // Read to the end.
    }
    const untilTheError = ["info start", "info received", "info handled", "info received", "error failed"];
    // The rest of the failed message's story is written; that of the next message is not.
    expect(chat.story()).toEqual([...untilTheError, "info handled"]);
  });

  it("begins a new story with the next message sent, where there is one message received", async () => {
    const chat = loggedChat({
      async *countdown(_, context) {
        logger(context).error(new Error("bad"), "failed");
        yield { n: 1 };
        logger(context).info("forgotten");
        yield { n: 0 };
      },
    });
    for await (const _ of chat.client.countdown({})) {
      // Read to the end.
    }
    expect(chat.story()).toEqual(["info start", "error failed"]);
  });

  it("holds back no more than its bounds, oldest first, and says what it dropped", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          for (let n = 0; n < 10; n++) logger(context).info("line", { n });
          throw new Error("x");
        },
      },
      { logger: { maxEntries: 3 } },
    );
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.lines().slice(0, -1)).toEqual([
      start,
      { time: "<time>", level: "warn", msg: "log lines dropped", dropped: 7, ...call },
      ...[7, 8, 9].map((n) => ({ time: "<time>", level: "info", msg: "line", n, ...call })),
    ]);
  });

  it("is bounded by bytes", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          for (let n = 0; n < 100; n++) logger(context).info("x".repeat(800));
          throw new Error("x");
        },
      },
      { logger: { maxBytes: 10_000 } },
    );
    await expect(chat.client.say({})).rejects.toThrow();
    const written = chat.lines().filter(({ msg }) => String(msg).startsWith("xxx")).length;
    expect(written).toBeGreaterThan(5);
    expect(written).toBeLessThanOrEqual(10);
    expect(chat.lines()[1]?.dropped).toBe(100 - written);
  });

  it("leaves out lines older than maxAgeMs, and counts them", async () => {
    const chat = loggedChat(
      {
        async say(_, context) {
          logger(context).info("old");
          await new Promise((resolve) => setTimeout(resolve, 50));
          logger(context).info("new");
          throw new Error("x");
        },
      },
      { logger: { maxAgeMs: 30 } },
    );
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.story()).toEqual(["warn log lines dropped", "info new", "error end"]);
    expect(chat.lines()[0]?.dropped).toBe(2);
  });
});

describe("what is written through", () => {
  const span = (traceFlags: TraceFlags) =>
    trace.wrapSpanContext({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags });
  const ids = { trace_id: "a".repeat(32), span_id: "b".repeat(16) };

  it("is a line whose own context is sampled, after what was held back", async () => {
    const chat = loggedChat({
      say(_, context) {
        const ctx = trace.setSpan(contextOf(context), span(TraceFlags.SAMPLED));
        logger(context).info("held back");
        logger(ctx).info("sampled");
        logger(context).info("held back again");
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.lines("trace_id", "span_id")).toEqual([
      start,
      { time: "<time>", level: "info", msg: "held back", ...call },
      { time: "<time>", level: "info", msg: "sampled", ...call, ...ids },
    ]);
  });

  it("is not a line whose context has a span that is not sampled; it has the ids when it is written", async () => {
    const chat = loggedChat({
      say(_, context) {
        logger(trace.setSpan(contextOf(context), span(TraceFlags.NONE))).info("not sampled");
        expect(chat.lines()).toEqual([]);
        throw new ConnectError("x", Code.Aborted);
      },
    });
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.lines("trace_id", "span_id")[1]).toEqual({
      time: "<time>",
      level: "info",
      msg: "not sampled",
      ...call,
      ...ids,
    });
  });

  it("is what disableBuffering says", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          logger(context).info("held back");
          logger(withFields(context, {})).info("still");
          logger(trace.setSpan(contextOf(context), span(TraceFlags.SAMPLED))).info("even so");
          return {};
        },
      },
      { logger: { disableBuffering: () => false } },
    );
    await chat.client.say({});
    expect(chat.lines()).toEqual([]);
    const open = loggedChat({ say: () => ({}) }, { logger: { disableBuffering: () => true } });
    await open.client.say({});
    expect(open.story()).toEqual(["info start", "info end"]);
  });

  it("is everything while debug is on, with the debug lines", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          expect(logger(context).debugEnabled).toBe(true);
          logger(context).debugf("%s", "details");
          return {};
        },
      },
      { logger: { debug: true } },
    );
    await chat.client.say({});
    expect(chat.story()).toEqual(["info start", "debug details", "info end"]);
  });

  it("follows debug in flight: on at the next line, off again to holding back", async () => {
    const chat = loggedChat({
      say(_, context) {
        const log = logger(context);
        log.debug("dropped");
        log.info("held back");
        chat.log.setDebug(true);
        expect(chat.story()).toEqual([]);
        log.debug("details");
        expect(chat.story()).toEqual(["info start", "info held back", "debug details"]);
        chat.log.setDebug(false);
        log.info("held back again");
        log.debug("dropped");
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.story()).toEqual(["info start", "info held back", "debug details"]);
  });

  it("flushes at the end when debug was switched on after the last line", async () => {
    const chat = loggedChat({
      say(_, context) {
        logger(context).info("held back");
        chat.log.setDebug((info) => info?.method === "Say");
        return {};
      },
    });
    await chat.client.say({});
    expect(chat.story()).toEqual(["info start", "info held back", "info end"]);
  });

  it("is everything after stopBuffering; flush goes on holding back", async () => {
    const chat = loggedChat({
      say({ text }, context) {
        const log = logger(context);
        log.info("one");
        if (text === "stop") log.stopBuffering();
        else log.flush();
        log.info("two");
        return {};
      },
    });
    await chat.client.say({ text: "flush" });
    expect(chat.story()).toEqual(["info start", "info one"]);
    await chat.client.say({ text: "stop" });
    expect(chat.story().slice(2)).toEqual(["info start", "info one", "info two", "info end"]);
  });

  it("is a call whose span is sampled, from its start", async () => {
    const chat = loggedChat({
      say(_, context) {
        expect(chat.story()).toEqual(["info start"]);
        logger(context).info("traced");
        return {};
      },
    });
    const traced = trace.setSpan(ROOT_CONTEXT, span(TraceFlags.SAMPLED));
    await runIn(traced, () => chat.client.say({}), undefined);
    expect(chat.story()).toEqual(["info start", "info traced", "info end"]);
    expect(chat.lines("trace_id", "span_id")[1]).toEqual({
      time: "<time>",
      level: "info",
      msg: "traced",
      ...call,
      ...ids,
    });
  });
});

describe("the loggers of one call", () => {
  it("share its buffer: nothing twice, order kept, the later field wins", async () => {
    const chat = loggedChat({
      say(_, context) {
        const log = logger(context);
        const mine = log.with({ who: "me", n: 1 });
        log.info("a");
        mine.info("b");
        logger(withFields(context, { who: "ctx" })).info("c");
        mine.with({ who: "deeper" }).info("d", { n: 2 });
        log.info("e");
        throw new ConnectError("x", Code.Aborted);
      },
    });
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.lines().slice(1, -1)).toEqual([
      { time: "<time>", level: "info", msg: "a", ...call },
      { time: "<time>", level: "info", msg: "b", who: "me", n: 1, ...call },
      { time: "<time>", level: "info", msg: "c", who: "ctx", ...call },
      { time: "<time>", level: "info", msg: "d", n: 2, who: "deeper", ...call },
      { time: "<time>", level: "info", msg: "e", ...call },
    ]);
  });

  it("can be carried to another context", async () => {
    const chat = loggedChat({
      say(_, context) {
        const elsewhere = withLogger(ROOT_CONTEXT, context);
        logger(elsewhere).info("from elsewhere");
        throw new ConnectError("x", Code.Aborted);
      },
    });
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.story()).toEqual(["info start", "info from elsewhere", "warn end"]);
    // @ts-expect-error What is neither a logger nor a context is told at once.
    expect(() => withLogger(ROOT_CONTEXT, 7)).toThrow(
      "withLogger: expected a logger made by createLogger(), got 7",
    );
  });
});

describe("calls made while a call is served", () => {
  const downstream = loggedChat({
    say({ text }) {
      if (text === "fail") throw new ConnectError("not today", Code.Unavailable);
      return { text };
    },
  });

  function relay() {
    const chat: ReturnType<typeof loggedChat> = loggedChat(
      {
        async say({ text }, context) {
          logger(context).info("before");
          if (text === "quiet" || text === "then fail") await chat.client.upload(requests());
          if (text === "fail") await chat.client.upload(requests({ text })).catch(() => undefined);
          logger(context).info("after");
          if (text === "then fail") throw new ConnectError("x", Code.Aborted);
          return {};
        },
        async upload(messages) {
          for await (const { text } of messages) await downstream.client.say({ text });
          return {};
        },
      },
      { client: {} },
    );
    return chat;
  }

  it("log into its buffer: silence when both succeed", async () => {
    const chat = relay();
    await chat.client.say({ text: "quiet" });
    expect(chat.lines()).toEqual([]);
  });

  it("stand in its story, with its request id", async () => {
    const chat = relay();
    await expect(chat.client.say({ text: "then fail" })).rejects.toThrow();
    const server = chat.lines().filter((line) => line["rpc.method"] === "Say" && line.msg !== "start");
    expect(server.map(({ msg }) => msg)).toEqual(["before", "after", "end", "end"]);
    expect(chat.story().slice(0, 6)).toEqual([
      "info start",
      "info before",
      "info start",
      "info end",
      "info after",
      "warn end",
    ]);
  });

  it("are as silent as any when they outlive it and succeed", async () => {
    const [asked, answered] = [gate(), gate()];
    let outlived: Promise<unknown> = Promise.resolve();
    const chat: ReturnType<typeof loggedChat> = loggedChat(
      {
        say() {
          outlived = chat.client.upload(requests());
          return {};
        },
        async upload() {
          asked.open();
          await answered.opened;
          return {};
        },
      },
      { client: {} },
    );
    await chat.client.say({});
    await asked.opened;
    answered.open();
    await outlived;
    expect(chat.lines()).toEqual([]);
  });

  it("write the story so far when they fail, though the call succeeds", async () => {
    const chat = relay();
    await chat.client.say({ text: "fail" });
    // The failed upload tells its own story as a server, then the caller's as a client.
    expect(chat.lines().map((line) => `${line["rpc.method"]} ${line.msg}`)).toEqual([
      "Upload start",
      "Upload end",
      "Say start",
      "Say before",
      "Upload start",
      "Upload end",
      "Say after",
      "Say end",
    ]);
  });
});

it("a client's own cancel is silent; a deadline is not", async () => {
  const chat = loggedChat({ say: () => new Promise(() => {}) }, { server: { log: false }, client: {} });
  const cancel = new AbortController();
  const canceled = chat.client.say({}, { signal: cancel.signal });
  cancel.abort();
  await expect(canceled).rejects.toThrow("canceled");
  expect(chat.lines()).toEqual([]);
  await expect(chat.client.say({}, { timeoutMs: 10 })).rejects.toThrow("deadline_exceeded");
  expect(chat.story()).toEqual(["info start", "error end"]);
  expect(chat.lines()[1]).toMatchObject({ "rpc.code": "deadline_exceeded", "rpc.outcome": "deadline" });
});
