/** Message spans of calls that are not sampled and are recorded nevertheless. */

import { clientInterceptor, serverInterceptor, type TraceOptions } from "connect-clue";
import { forcedSampler } from "connect-clue/telemetry";
import { testSpans } from "connect-clue/testing-telemetry";
import { expect, it } from "vitest";
import { BufferedTraces, neverSampled } from "../../test/support/buffered-traces.js";
import { type Chat, chatOver } from "../../test/support/context-chat.js";
import { collect } from "../../test/support/context-observe.js";
import { spanOf, traceparentOf } from "../../test/support/span-contexts.js";
import { until } from "../../test/support/until.js";
import { liveCalls } from "../call/call.js";

/** Answers once, and dies of the second message. */
const dying: Chat = {
  async *chat(requests) {
    for await (const { text } of requests) {
      if (text === "b") throw new Error("died");
      yield { text };
    }
  },
};

/** Each message has a context of its own, which is not sampled. */
async function* messages() {
  for (const [n, text] of ["a", "b"].entries()) {
    const traceparent = traceparentOf({ ...spanOf("b", n + 1), traceFlags: 0 });
    yield { text, traceMetadata: { traceparent } };
  }
}

const message = "chat.v1.ChatService/Chat message";
const streamSpans = ["whole", "linked", "off"] as const;

it.each(streamSpans)("are exported with a stream that fails, streamSpan %s", async (streamSpan) => {
  const buffered = new BufferedTraces();
  const trace: TraceOptions = { ...buffered.options, messageSpans: "child", streamSpan };
  const server = [serverInterceptor({ log: false, trace })];
  const { client } = await chatOver("gRPC", dying, { server });
  await collect(client.chat(messages())).catch(() => {});
  await until(() => liveCalls.size === 0);
  expect(buffered.names.filter((name) => name === message)).toEqual([message, message]);
});

it.each(streamSpans)("are exported with a stream that is forced, streamSpan %s", async (streamSpan) => {
  const spans = testSpans({ sampler: forcedSampler(neverSampled) });
  const trace: TraceOptions = { ...spans.options, messageSpans: "child", streamSpan };
  const server = [serverInterceptor({ log: false, trace, force: { token: "open" } })];
  const { client } = await chatOver("gRPC", dying, {
    server,
    client: [clientInterceptor({ log: false, trace: false })],
  });
  await collect(client.chat(messages(), { headers: { "x-clue-force": "open" } })).catch(() => {});
  await until(() => liveCalls.size === 0);
  const ofMessages = (await spans.ended(2)).filter(({ name }) => name === message);
  expect(ofMessages.map(({ sampled = true }) => sampled)).toEqual([true, true]);
});

it("are not there for methods that have no spans", async () => {
  const buffered = new BufferedTraces();
  const trace: TraceOptions = { ...buffered.options, messageSpans: "child", filter: "*/Say" };
  const { client } = await chatOver("gRPC", dying, { server: [serverInterceptor({ log: false, trace })] });
  await collect(client.chat(withoutMetadata())).catch(() => {});
  await until(() => liveCalls.size === 0);
  expect(buffered.started).toBe(0);
});

async function* withoutMetadata() {
  yield { text: "a" };
}
