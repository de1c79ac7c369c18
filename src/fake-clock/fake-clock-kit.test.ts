import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { callByHand } from "../../test/support/hand-made-call.js";
import { chatClient, chatHandler, startNodeServer } from "../../test/support/node-server.js";
import { ask, luckyId, unluckyId } from "../../test/support/sampling.js";
import { debugRules } from "../call/debug-rules.js";
import { inTime } from "../call/in-time.js";
import { wait } from "../call/wait.js";
import { createChecker, Health, healthRoutes } from "../health/index.js";
import { callOptions, logger, serverInterceptor } from "../index.js";
import { drain } from "../node/index.js";
import { adaptiveSampler, bufferSpans, terminalSpans } from "../telemetry/index.js";
import { testCall, testLogger } from "../testing/index.js";
import { testSpans } from "../testing-telemetry/index.js";
import { type FakeClock, fakeClock } from "./index.js";

// All of these would take longer than a test may, if they went by the real time.
const minute = 60_000;
const { say, chat } = ChatService.method;

function stopTime(): FakeClock {
  const clock = fakeClock({ now: 0 });
  onTestFinished(() => clock.restore());
  return clock;
}

/** Lets real I/O go on while the time is moved on, until something has come about. */
async function advanceUntil<T>(clock: FakeClock, promise: Promise<T>, step = 100): Promise<T> {
  let isThere = false;
  const there = promise.finally(() => {
    isThere = true;
  });
  while (!isThere) await clock.advance(step);
  return there;
}

describe("a fake clock is obeyed by", () => {
  it("debug rules", async () => {
    const clock = stopTime();
    onTestFinished(() => debugRules.clear());
    const { expiresAt } = debugRules.set({ method: "", headers: new Map() }, 10 * minute);
    expect(expiresAt).toBe(10 * minute);
    await clock.advance(10 * minute - 1);
    expect(debugRules.ruleFor(callByHand())).toBeDefined();
    await clock.advance(1);
    expect(debugRules.ruleFor(callByHand())).toBeUndefined();
  });

  it("the pings of dependencies, their time limit and the age of their results", async () => {
    const clock = stopTime();
    const pings: number[] = [];
    let answer: () => unknown = () => undefined;
    const ping = () => {
      pings.push(Date.now());
      return answer();
    };
    const checker = createChecker({
      dependencies: [{ name: "db", ping }],
      cacheMs: minute,
      timeoutMs: minute,
      logger: testLogger(),
    });
    await checker.check();
    await clock.advance(minute - 1);
    await checker.check();
    await clock.advance(1);
    await checker.check();
    expect(pings).toEqual([0, minute]);

    answer = () => new Promise(() => {});
    await clock.advance(minute);
    const report = checker.check();
    await clock.advance(minute);
    expect((await report).dependencies.map(({ up, latencyMs }) => [up, latencyMs])).toEqual([
      [false, minute],
    ]);
  });

  it("the pings of those who watch", async () => {
    const clock = stopTime();
    const pings: number[] = [];
    const checker = createChecker({
      dependencies: [{ name: "db", ping: () => void pings.push(Date.now()) }],
      intervalMs: 10_000,
      logger: testLogger(),
    });
    const client = createClient(Health, createRouterTransport(healthRoutes(checker)));
    const controller = new AbortController();
    const watch = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
    await watch.next();
    const end = watch.next().catch(() => {});
    await clock.advance(30_000);
    expect(pings).toEqual([0, 10_000, 20_000, 30_000]);
    controller.abort();
    await end;
  });

  it("the times and durations of the log, and the age of held lines", async () => {
    const clock = stopTime();
    const log = testLogger({ maxAgeMs: minute });
    const handler = async () => {
      logger().info("old");
      await wait(minute);
      logger().info("young");
      await wait(minute);
      throw new Error("broken");
    };
    const call = testCall(say, handler, { interceptors: [serverInterceptor({ logger: log })] });
    await clock.advance(2 * minute);
    await call.error;
    const told = log.entries.map(({ time, fields }) => [
      time,
      fields[0]?.[1],
      new Map(fields).get("rpc.time_ms"),
    ]);
    expect(told).toEqual([
      [minute, "log lines dropped", undefined],
      [minute, "young", undefined],
      [2 * minute, "end", 2 * minute],
    ]);
  });

  it("deadlines, and what is left of them for the calls of a handler", async () => {
    const clock = stopTime();
    const left: unknown[] = [];
    const call = testCall(
      say,
      async (_, context) => {
        left.push(callOptions(context).timeoutMs);
        await wait(minute);
        left.push(callOptions(context).timeoutMs, context.timeoutMs());
        await wait(2 * minute);
        return {};
      },
      { timeoutMs: 2 * minute, interceptors: [serverInterceptor({ log: false })] },
    );
    await clock.advance(2 * minute);
    expect([(await call.error)?.rawMessage, ...left]).toEqual([
      "the operation timed out",
      2 * minute,
      minute,
      minute,
    ]);
    await clock.advance(minute);
    await call.handled;
  });

  it("spans, and those that are held back until their call turns out slow", async () => {
    const clock = stopTime();
    const never = { shouldSample: () => ({ decision: 0 }), toString: () => "never" };
    const exported: [string, number][] = [];
    const processor = {
      onStart: () => {},
      onEnd: (span: { name: string; duration: [number, number]; spanContext(): { traceFlags: number } }) => {
        if (span.spanContext().traceFlags === 1) exported.push([span.name, span.duration[0]]);
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    const buffered = bufferSpans({ slowerThanMs: minute }, never, processor);
    const spans = testSpans({ sampler: buffered.sampler, spanProcessors: [buffered.processor] });
    const interceptors = [serverInterceptor({ log: false, trace: spans.options })];
    for (const ms of [minute - 1000, minute + 1000]) {
      const call = testCall(say, () => wait(ms).then(() => ({})), { interceptors });
      await clock.advance(ms);
      await call.response;
    }
    expect(exported).toEqual([["chat.v1.ChatService/Say", 61]]);
  });

  it("the adaptive sampler's budget", async () => {
    const clock = stopTime();
    const sampler = adaptiveSampler({ maxRate: 1, sampleSize: 10 });
    while (ask(sampler, luckyId).decision === 2 && ask(sampler, unluckyId).decision === 2);
    expect(ask(sampler, unluckyId).decision).toBe(0);
    await clock.advance(60 * minute);
    expect(ask(sampler, unluckyId, ROOT_CONTEXT).decision).toBe(2);
  });

  it("the exporter to the terminal", async () => {
    const clock = stopTime();
    const texts: string[] = [];
    const output = { write: (text: string) => texts.push(text) };
    const exporter = terminalSpans({ output, colors: false, settleMs: minute });
    const spans = testSpans();
    spans.options.tracerProvider.getTracer("test").startSpan("one", {}, ROOT_CONTEXT).end();
    exporter.export([...spans.finished()], () => {});
    await clock.advance(minute - 1);
    expect(texts).toEqual([]);
    await clock.advance(1);
    expect(texts.join("")).toContain("one");
  });

  it("a server's drain, to the last words to those who are cut off", async () => {
    const clock = stopTime();
    const hanging = chatHandler({ say: () => new Promise<never>(() => {}) });
    const server = await startNodeServer({ handler: hanging });
    const call = chatClient(server.url, "gRPC")
      .say({})
      .catch((error) => error.code);
    while ([...server.requests].length === 0) await new Promise((resolve) => setImmediate(resolve));
    const log = testLogger();
    const draining = drain({ server, logger: log, closeAfterMs: minute, graceMs: minute });
    const { cutOff, durationMs, exitCode } = await advanceUntil(clock, draining);
    expect([cutOff.length, durationMs >= 2 * minute, exitCode]).toEqual([1, true, 1]);
    expect(await advanceUntil(clock, call)).toBe(Code.Unavailable);
  });

  it("whoever waits, or waits in time", async () => {
    const clock = stopTime();
    const late = inTime(minute, new Promise(() => {}));
    const controller = new AbortController();
    const broken = wait(minute, { signal: controller.signal, ref: false });
    const done = wait(minute);
    controller.abort("enough");
    await expect(broken).rejects.toBe("enough");
    await expect(wait(1, { signal: controller.signal })).rejects.toBe("enough");
    await clock.advance(minute);
    expect([await late, await done]).toEqual([false, undefined]);
  });
});

describe("a bidi handler under a fake clock", () => {
  it("answers late", async () => {
    const clock = stopTime();
    const call = testCall(chat, async function* (requests) {
      for await (const { text } of requests) {
        await wait(minute);
        yield { text: `${text} at ${Date.now()}` };
      }
    });
    void call.send({ text: "a" });
    const answer = call.receive();
    await clock.advance(minute);
    expect((await answer).text).toBe(`a at ${minute}`);
    call.cancel();
    await call.handled;
  });
});
