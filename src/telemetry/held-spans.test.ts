import { type DiagLogger, diag } from "@opentelemetry/api";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { BufferedTraces, makeSpan, neverSampled } from "../../test/support/buffered-traces.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { bufferSpans } from "./buffered-spans.js";

afterEach(() => diag.disable());

describe("a call", () => {
  it("holds back the last spans only, and says how many are missing", () => {
    const traces = new BufferedTraces({ maxSpansPerCall: 3 });
    const call = callByHand({ method: ChatService.method.chat });
    for (let i = 1; i <= 10; i++) makeSpan(traces, `${i}`, call.ctx);
    endWith(call, "error");
    expect(traces.names).toEqual(["8", "9", "10"]);
    expect(traces.attributes).toEqual([{ "clue.spans.dropped": 7 }, {}, {}]);
    expect(traces.ended.length).toBe(10);
  });
});

describe("the process", () => {
  it("holds back a number of spans: the oldest of all calls go first", () => {
    const traces = new BufferedTraces({ maxSpans: 4 });
    const [first, second] = [callByHand(), callByHand()];
    for (const name of ["1", "2", "3"]) {
      makeSpan(traces, `first ${name}`, first.ctx);
      makeSpan(traces, `second ${name}`, second.ctx);
    }
    endWith(first, "error");
    makeSpan(traces, "second 4", second.ctx);
    endWith(second, "error");
    expect(traces.exported.map(({ name, attributes }) => [name, attributes["clue.spans.dropped"]])).toEqual([
      ["first 2", 1],
      ["first 3", undefined],
      ["second 2", 1],
      ["second 3", undefined],
      ["second 4", undefined],
    ]);
  });

  it("holds back nothing of calls that have ended", () => {
    const traces = new BufferedTraces({ maxSpans: 3 });
    for (let i = 0; i < 100; i++) {
      const call = callByHand();
      makeSpan(traces, "held", call.ctx);
      endWith(call, "ok");
    }
    const call = callByHand();
    for (const name of ["1", "2", "3", "4", "5"]) makeSpan(traces, name, call.ctx);
    endWith(call, "error");
    expect(traces.names).toEqual(["3", "4", "5"]);
  });

  it("gives up what it holds back at the shutdown, and holds back nothing after it", async () => {
    const traces = new BufferedTraces();
    const call = callByHand();
    const open = traces.tracer.startSpan("open", {}, call.ctx);
    makeSpan(traces, "held", call.ctx);
    await traces.provider.forceFlush();
    expect(traces.ended.length).toBe(0);
    await traces.provider.shutdown();
    open.end();
    endWith(call, "error");
    expect(traces.ended.map(({ name }) => name)).toEqual(["held", "open"]);
    expect([traces.names, traces.calls]).toEqual([[], ["forceFlush", "shutdown"]]);
  });
});

describe("the processor behind", () => {
  it("hears of each span's start, and once of its end", () => {
    const events: string[] = [];
    const { sampler, processor } = bufferSpans({}, neverSampled, {
      onStart: ({ name }) => void events.push(`start ${name}`),
      onEnding: ({ name }) => void events.push(`ending ${name}`),
      onEnd: (span) => void events.push(`end ${span.name} ${span.spanContext().traceFlags}`),
      forceFlush: async () => {},
      shutdown: async () => {},
    });
    const tracer = new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer("test");
    for (const outcome of ["ok", "error"] as const) {
      const call = callByHand();
      tracer.startSpan(outcome, {}, call.ctx).end();
      endWith(call, outcome);
    }
    expect(events).toEqual([
      ...["start ok", "ending ok", "end ok 0"],
      ...["start error", "ending error", "end error 1"],
    ]);
  });

  it("may fail: the call does not", () => {
    const reports: unknown[] = [];
    diag.setLogger({ error: (...args: unknown[]) => void reports.push(args) } as unknown as DiagLogger);
    const traces = new BufferedTraces();
    const call = callByHand();
    makeSpan(traces, "child", call.ctx);
    traces.onEnd = () => {
      throw new Error("broken");
    };
    endWith(call, "error");
    expect(call.outcome?.type).toBe("error");
    expect(reports.length).toBe(1);
  });
});
