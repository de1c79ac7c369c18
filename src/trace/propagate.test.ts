import { createClient, createRouterTransport } from "@connectrpc/connect";
import {
  type Context,
  context as otel,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { callOptions, clientInterceptor, contextOf, type TraceOptions } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { startChat } from "../../test/support/chat-server.js";
import { drain, tracedChat } from "../../test/support/traced-chat.js";
import { callerHeaders, twoServices } from "../../test/support/two-services.js";
import { runIn } from "../call/implicit.js";
import { w3c } from "../testing-telemetry/w3c.js";

afterEach(() => otel.disable());

describe("without an SDK, contexts are handed on", () => {
  it.each([
    ["implicitly", false],
    ["implicitly", true],
    ["by callOptions", false],
    ["by callOptions", true],
  ] as const)("%s, with a context manager: %s", async (how, withManager) => {
    if (withManager) otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { client, sent } = await twoServices({ propagator: w3c() }, how);
    await client.say({}, { headers: callerHeaders });
    await drain(client.countdown({}, { headers: callerHeaders }));
    expect(sent).toEqual([callerHeaders, callerHeaders]);
  });

  it("and nothing is made up", async () => {
    const { client, sent } = await twoServices({ propagator: w3c() });
    await client.say({});
    expect(sent).toEqual([{ traceparent: null, tracestate: null, baggage: null }]);

    const found: unknown[] = [];
    const alone = await startChat({
      say(_, context) {
        found.push(trace.getSpan(contextOf(context)));
        return {};
      },
    });
    await alone.client.say({});
    expect(found).toEqual([undefined]);
  });
});

/** A traced client, and what its service was sent. */
function tracedClient() {
  const spans = testSpans();
  const received: Headers[] = [];
  const say = (_: unknown, { requestHeader }: { requestHeader: Headers }) => {
    received.push(requestHeader);
    return {};
  };
  const transport = createRouterTransport((router) => router.service(ChatService, { say }), {
    transport: { interceptors: [clientInterceptor({ log: false, trace: spans.options })] },
  });
  return { client: createClient(ChatService, transport), spans, received };
}

describe("a client's request headers", () => {
  const span = { traceId: "c".repeat(32), spanId: "d".repeat(16), traceFlags: 1 };
  const inherited = propagation.setBaggage(
    trace.setSpanContext(ROOT_CONTEXT, span),
    propagation.createBaggage({ tenant: { value: "acme" } }),
  );
  type Say = (ctx: Context, client: ReturnType<typeof tracedClient>["client"]) => Promise<unknown>;

  it.each<[how: string, say: Say]>([
    ["implicitly", (ctx, client) => runIn(ctx, () => client.say({}), undefined)],
    ["by callOptions", (ctx, client) => client.say({}, callOptions(ctx))],
  ])("carry the call's span, a child of the caller's, and the baggage: %s", async (_, say) => {
    const { client, spans, received } = tracedClient();
    await say(inherited, client);
    expect(await spans.ended(1)).toMatchObject([
      { kind: "client", trace: span.traceId, parent: span.spanId },
    ]);
    expect(received.map(traceparentOf)).toEqual(spans.finished().map(asTraceparent));
    expect(received[0]?.get("baggage")).toBe("tenant=acme");
  });

  it("carry the call's span in place of what the caller put there", async () => {
    const { client, spans, received } = tracedClient();
    await client.say({}, { headers: callerHeaders });
    await spans.ended(1);
    expect(received.map(traceparentOf)).toEqual(spans.finished().map(asTraceparent));
  });
});

describe("a server's response headers", () => {
  /** The `traceparent` of the responses to a unary call and to a stream. */
  async function responses(server: TraceOptions, spans = testSpans()) {
    const { client } = await tracedChat(undefined, { spans, server, client: false });
    const found: (string | null)[] = [];
    const options = {
      headers: callerHeaders,
      onHeader: (header: Headers) => void found.push(traceparentOf(header)),
    };
    await client.say({}, options);
    await drain(client.countdown({}, options));
    return found;
  }

  it("say nothing by default", async () => {
    expect(await responses({})).toEqual([null, null]);
  });

  it("carry the server's span where they are to", async () => {
    const spans = testSpans();
    const found = await responses({ propagateResponse: true }, spans);
    await spans.ended(2);
    expect(found).toEqual(spans.finished().map(asTraceparent));
  });

  it("carry the context as it is where there is no span", async () => {
    const { traceparent } = callerHeaders;
    expect(await responses({ propagateResponse: true, filter: "-" })).toEqual([traceparent, traceparent]);
  });
});

function traceparentOf(header: Headers): string | null {
  return header.get("traceparent");
}

function asTraceparent(span: { spanContext(): SpanContext }): string {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
}
