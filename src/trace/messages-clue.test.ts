/** A peer that sends metadata with every message, as Clue in Go does: most of it says what the headers said. */

import { trace } from "@opentelemetry/api";
import { receive, serverInterceptor } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import { expect, it } from "vitest";
import { chatOver, ways } from "../../test/support/context-chat.js";
import { collect } from "../../test/support/context-observe.js";
import { spanOf, traceparentOf } from "../../test/support/span-contexts.js";
import { until } from "../../test/support/until.js";
import { liveCalls } from "../call/call.js";

const caller = { traceparent: traceparentOf(spanOf("a", 1)) };
const other = { traceparent: traceparentOf(spanOf("b", 2)) };

it.each(ways)("belongs to the stream where it says so: %s", async (way) => {
  const spans = testSpans();
  const { client } = await chatOver(
    way,
    {
      async *chat(requests, context) {
        for await (const [ctx] of receive(requests, context)) {
          yield { text: trace.getSpanContext(ctx)?.spanId ?? "none" };
        }
      },
    },
    { server: [serverInterceptor({ log: false, trace: spans.options })] },
  );
  async function* requests() {
    for (const traceMetadata of [caller, other, caller]) yield { traceMetadata };
  }
  const replies = await collect(client.chat(requests(), { headers: caller }));
  await until(() => liveCalls.size === 0);
  const stream = spans.finished()[0]?.spanContext().spanId;
  expect(replies.map(({ text, traceMetadata }) => [text, traceMetadata])).toEqual([
    [stream, {}],
    [spanOf("b", 2).spanId, other],
    [stream, {}],
  ]);
});
