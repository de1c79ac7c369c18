import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Attributes, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace";
import { callOptions, clientInterceptor, contextOf, logger, type Side } from "connect-clue";
import type { TestSpan } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { aborted, gate } from "../../test/support/gate.js";
import { rpcAttributes } from "../../test/support/rpc-attributes.js";
import { bothSpans, drain, exception, failed, spanOf, tracedChat } from "../../test/support/traced-chat.js";
import { until } from "../../test/support/until.js";

/** The spans of the opening and the end of a client's stream, and of the server's; numbered as they began. */
const opened = (side: Side, attributes: Attributes = {}) =>
  spanOf(side, "Countdown", { attributes: { "clue.stream.phase": "open", ...attributes } });

function closed(side: Side, n: number, { attributes, ...parts }: Partial<TestSpan>): TestSpan {
  const opening = side === "client" ? "span 1" : "span 2";
  return {
    ...spanOf(side, "Countdown"),
    span: `span ${n}`,
    parent: opening,
    links: [`${opening} of trace 1`],
    attributes: { ...rpcAttributes(side, "Countdown"), "clue.stream.phase": "end", ...attributes },
    ...parts,
  };
}

const counts = (received: number, sent: number) => ({
  "clue.messages.received": received,
  "clue.messages.sent": sent,
});

describe("streamSpan whole", () => {
  it("has a span that lasts as long as the stream", async () => {
    const last = gate();
    const { client, spans } = await tracedChat({
      async *countdown() {
        yield {};
        await last.opened;
      },
    });
    const responses = client.countdown({})[Symbol.asyncIterator]();
    await responses.next();
    expect(spans.all()).toEqual(bothSpans("Countdown", () => ({ ended: false })));
    last.open();
    await responses.next();
    expect(await spans.ended(2)).toEqual(bothSpans("Countdown", () => ({ attributes: counts(1, 1) })));
  });
});

describe("streamSpan linked", () => {
  const linked = { server: { streamSpan: "linked" }, client: { streamSpan: "linked" } } as const;

  it("has a span for the opening while the stream lives, and one for its end", async () => {
    const last = gate();
    const { client, spans } = await tracedChat(
      {
        async *countdown() {
          yield {};
          await last.opened;
        },
      },
      linked,
    );
    const responses = client.countdown({})[Symbol.asyncIterator]();
    await responses.next();
    expect(spans.all()).toEqual([opened("client"), opened("server")]);
    last.open();
    await responses.next();
    expect(await spans.ended(4)).toEqual([
      opened("client"),
      opened("server"),
      closed("server", 3, { attributes: counts(1, 1) }),
      closed("client", 4, { attributes: counts(1, 1) }),
    ]);
  });

  it("tells at the end how the stream failed", async () => {
    const { client, spans } = await tracedChat(
      {
        async *countdown() {
          yield {};
          throw new ConnectError("lost", Code.DataLoss);
        },
      },
      linked,
    );
    await drain(client.countdown({})).catch(() => {});
    const end = {
      attributes: { ...counts(1, 1), ...failed("data_loss") },
      status: "error: lost",
      events: [exception("ConnectError", "[data_loss] lost")],
    };
    expect(await spans.ended(4)).toEqual([
      opened("client"),
      opened("server"),
      closed("server", 3, end),
      closed("client", 4, end),
    ]);
  });

  it("has the first span only for a stream that is given up before the response", async () => {
    const { client, spans } = await tracedChat(
      {
        // biome-ignore lint/correctness/useYield: it never comes to that
        async *countdown(_, { signal }) {
          await aborted(signal);
          throw signal.reason;
        },
      },
      linked,
    );
    const controller = new AbortController();
    const answer = drain(client.countdown({}, { signal: controller.signal })).catch(() => {});
    await until(() => spans.all().length === 2);
    controller.abort(new Error("enough"));
    await answer;
    const canceled = { "rpc.status_code": "canceled", "clue.outcome": "canceled" };
    expect(await spans.ended(3)).toEqual([
      {
        ...opened("client", { ...counts(0, 1), ...canceled, "error.type": "canceled" }),
        status: "error: enough",
        events: [exception("Error", "enough")],
      },
      opened("server"),
      closed("server", 3, { attributes: { ...counts(1, 0), ...canceled } }),
    ]);
  });

  it("has the first span only for a stream that fails to open", async () => {
    const spans = testSpans();
    const interceptors = [
      clientInterceptor({ log: false, trace: { ...spans.options, streamSpan: "linked" } }),
    ];
    const client = createClient(
      ChatService,
      createGrpcTransport({ baseUrl: "http://127.0.0.1:1", interceptors }),
    );
    await drain(client.countdown({})).catch(() => {});
    const [span, ...none] = await spans.ended(1);
    expect(span?.attributes).toEqual({
      ...rpcAttributes("client", "Countdown"),
      "server.port": 1,
      "clue.stream.phase": "open",
      ...counts(0, 0),
      ...failed("unavailable"),
    });
    expect(none).toEqual([]);
  });

  it("leaves unary calls their one span", async () => {
    const { client, spans } = await tracedChat(undefined, linked);
    await client.say({});
    expect(await spans.ended(2)).toEqual(bothSpans("Say"));
  });

  it("records nothing of what is not sampled", async () => {
    const spans = testSpans({ sampler: new AlwaysOffSampler() });
    const { client } = await tracedChat(undefined, { spans, ...linked });
    await drain(client.countdown({}));
    expect(spans.all()).toEqual([]);
  });
});

describe("streamSpan off", () => {
  const caller = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };

  it("leaves the caller's context to the handler, its lines and its calls", async () => {
    const found: unknown[] = [];
    const off = { streamSpan: "off" } as const;
    const { chat, client, spans } = await tracedChat(
      {
        async *countdown(_, context) {
          found.push(trace.getSpanContext(contextOf(context)));
          logger(context).info("at work");
          yield {};
        },
      },
      { server: off, client: off },
    );
    const ctx = trace.setSpanContext(ROOT_CONTEXT, caller);
    await drain(client.countdown({}, callOptions(ctx)));
    await chat.server.ended();
    expect(spans.all()).toEqual([]);
    expect(found).toEqual([{ ...caller, isRemote: true }]);
    const [, line] = chat.server.log.lines("trace_id", "span_id");
    expect(line).toMatchObject({ msg: "at work", trace_id: caller.traceId, span_id: caller.spanId });
  });
});
