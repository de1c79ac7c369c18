import { diag, type TextMapPropagator, type Tracer, type TracerProvider } from "@opentelemetry/api";
import type { Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { TraceOptions } from "connect-clue";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { afterEach, expect, it, vi } from "vitest";
import { requests } from "../../test/support/chat-server.js";
import { tracedChat } from "../../test/support/traced-chat.js";
import { callerHeaders, twoServices } from "../../test/support/two-services.js";
import { w3c } from "../testing-telemetry/w3c.js";

afterEach(() => diag.disable());

/** What the kit reports, in the words of the report. */
function reports() {
  const error = vi.fn();
  const ignore = () => {};
  diag.setLogger({ error, warn: ignore, info: ignore, debug: ignore, verbose: ignore });
  return () => error.mock.calls.map(([text]) => text);
}

function report(what: string): string {
  return `connect-clue: ${what} failed; the call is not affected, and this is reported once`;
}

const fail = () => {
  throw new Error("broken");
};

const processor = (broken: Partial<SpanProcessor>): SpanProcessor => ({
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
  ...broken,
});

const sampler: Sampler = { shouldSample: fail, toString: () => "broken" };
const tracerless: TracerProvider = { getTracer: fail };
const tracer: Tracer = { startSpan: fail, startActiveSpan: fail };

function propagator(broken: Partial<TextMapPropagator>): TextMapPropagator {
  const inner = w3c();
  return {
    inject: (...args) => inner.inject(...args),
    extract: (...args) => inner.extract(...args),
    fields: () => inner.fields(),
    ...broken,
  };
}

/** Whatever stands behind it: a sampler, a processor. */
const aTracer = "the tracer, or what it asks";

/** What breaks, and what is reported of it. */
const culprits: readonly (readonly [string, spans: TestSpans, TraceOptions, reports: readonly string[]])[] = [
  [
    "a propagator that cannot inject",
    testSpans({ propagator: propagator({ inject: fail }) }),
    {},
    ["the propagator"],
  ],
  [
    "a propagator that cannot extract",
    testSpans({ propagator: propagator({ extract: fail }) }),
    {},
    ["the propagator"],
  ],
  [
    "a propagator without fields",
    testSpans({ propagator: propagator({ fields: fail }) }),
    {},
    ["the propagator"],
  ],
  ["a tracer provider that throws", testSpans(), { tracerProvider: tracerless }, ["the tracer provider"]],
  ["a tracer that throws", testSpans(), { tracerProvider: { getTracer: () => tracer } }, [aTracer]],
  ["a sampler that throws", testSpans({ sampler }), {}, [aTracer]],
  [
    "a processor that throws at the end of a span",
    testSpans({ spanProcessors: [processor({ onEnd: fail })] }),
    { messageSpans: "child" },
    [aTracer, "an observer"],
  ],
];

it.each(culprits)("calls go on, and no span stays open, with %s", async (_, spans, options, what) => {
  const reported = reports();
  const { client } = await tracedChat(undefined, { spans, server: options, client: options });
  for (let i = 0; i < 2; i++) {
    expect((await client.say({ text: "hi" })).text).toBe("hi");
    expect((await client.upload(requests({ text: "a" }, { text: "b" }))).count).toBe(2);
    const replies: string[] = [];
    for await (const { text } of client.chat(requests({ text: "a" }, { text: "b" }))) replies.push(text);
    expect(replies).toEqual(["a", "b"]);
  }
  await spans.ended(0);
  expect(new Set(reported())).toEqual(new Set(what.map(report)));
});

it("calls go on with a span processor that throws at the start", async () => {
  const reported = reports();
  const { client, chat } = await tracedChat(undefined, {
    spans: testSpans({ spanProcessors: [processor({ onStart: fail })] }),
  });
  expect((await client.say({ text: "hi" })).text).toBe("hi");
  await chat.server.ended();
  expect(reported()).toEqual([report(aTracer), report(aTracer)]);
});

it.each<[what: string, options: TraceOptions]>([
  ["a tracer provider", { tracerProvider: tracerless }],
  ["a tracer", { tracerProvider: { getTracer: () => tracer } }],
  ["a sampler", { tracerProvider: testSpans({ sampler }).options.tracerProvider }],
])("contexts are handed on past %s that throws", async (_, options) => {
  reports();
  const { client, sent } = await twoServices({ propagator: w3c(), ...options });
  await client.say({}, { headers: callerHeaders });
  expect(sent).toEqual([callerHeaders]);
});

it("ends the span of a call whose own outcome cannot be described", async () => {
  const reported = reports();
  const spans = testSpans();
  const { tracerProvider } = spans.options;
  const withBrokenSpans: TracerProvider = {
    getTracer: (name, version) => {
      const inner = tracerProvider.getTracer(name, version);
      return {
        ...inner,
        startActiveSpan: fail,
        startSpan: (...args) => Object.assign(inner.startSpan(...args), { setAttributes: fail }),
      };
    },
  };
  const { client } = await tracedChat(undefined, { spans, server: { tracerProvider: withBrokenSpans } });
  expect((await client.say({ text: "hi" })).text).toBe("hi");
  expect((await spans.ended(2)).map(({ kind }) => kind)).toEqual(["client", "server"]);
  expect(reported()).toEqual([report("an observer")]);
});
