import { createClient, createRouterTransport } from "@connectrpc/connect";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace";
import { serverInterceptor } from "connect-clue";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { startChat } from "../../test/support/chat-server.js";
import { endSpans, telemetryOf } from "../../test/support/telemetry.js";

describe("the way of a span", () => {
  it("leads to the exporter and to all other processors", async () => {
    const [spanExporter, other] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    const telemetry = telemetryOf({
      spanExporter,
      spanProcessors: [new SimpleSpanProcessor({ exporter: other })],
      sampler: new AlwaysOnSampler(),
    });
    endSpans(2);
    await telemetry.forceFlush();
    expect([namesOf(spanExporter), namesOf(other)]).toEqual([
      ["span 0", "span 1"],
      ["span 0", "span 1"],
    ]);
  });

  it("is told to other processors step by step", () => {
    const steps: string[] = [];
    const processor = {
      onStart: ({ name }: { name: string }) => void steps.push(`start ${name}`),
      onEnding: ({ name }: { name: string }) => void steps.push(`ending ${name}`),
      onEnd: ({ name }: { name: string }) => void steps.push(`end ${name}`),
      forceFlush: async () => {},
      shutdown: async () => {},
    };
    telemetryOf({ spanProcessors: [processor], sampler: new AlwaysOnSampler() });
    endSpans(1);
    expect(steps).toEqual(["start span 0", "ending span 0", "end span 0"]);
  });

  it("is by default that of the adaptive sampler", async () => {
    const spanExporter = new InMemorySpanExporter();
    const telemetry = telemetryOf({ spanExporter });
    endSpans(10_000);
    await telemetry.forceFlush();
    const states = spanExporter.getFinishedSpans().map((span) => span.spanContext().traceState?.get("ot"));
    expect(states.slice(0, 10)).toEqual(Array(10).fill("th:0"));
    expect(states.length).toBeLessThan(100);
  });

  it("ends in a buffer for the calls that are not sampled, until one fails", async () => {
    const [spanExporter, other] = [new InMemorySpanExporter(), new InMemorySpanExporter()];
    const telemetry = telemetryOf({
      spanExporter,
      spanProcessors: [new SimpleSpanProcessor({ exporter: other })],
      sampler: new AlwaysOffSampler(),
      bufferSpans: { onError: true },
    });
    const { client } = await startChat({
      say({ text }) {
        if (text === "fail") throw new Error("failed");
        return { text };
      },
    });
    await client.say({ text: "hi" });
    await telemetry.forceFlush();
    expect([namesOf(spanExporter), namesOf(other)]).toEqual([[], []]);
    await expect(client.say({ text: "fail" })).rejects.toThrow("internal error");
    await telemetry.forceFlush();
    const both = ["chat.v1.ChatService/Say", "chat.v1.ChatService/Say"];
    expect([namesOf(spanExporter), namesOf(other)]).toEqual([both, both]);
  });

  it("leads to the exporter when the call is forced, whatever the sampler says", async () => {
    const spanExporter = new InMemorySpanExporter();
    const telemetry = telemetryOf({ spanExporter, sampler: new AlwaysOffSampler() });
    const force = { token: "secret" };
    const client = createClient(
      ChatService,
      createRouterTransport(({ service }) => service(ChatService, { say: ({ text }) => ({ text }) }), {
        router: { interceptors: [serverInterceptor({ force, logger: testLogger() })] },
      }),
    );
    await client.say({ text: "a" });
    await client.say({ text: "b" }, { headers: { "x-clue-force": "secret" } });
    await telemetry.forceFlush();
    expect(namesOf(spanExporter)).toEqual(["chat.v1.ChatService/Say"]);
  });
});

function namesOf(exporter: InMemorySpanExporter): string[] {
  return exporter.getFinishedSpans().map(({ name }) => name);
}
