import { createClient, createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import * as api from "@opentelemetry/api";
import { type SpanContext, trace } from "@opentelemetry/api";
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";
import { AlwaysOffSampler, InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { contextOf, createLogger, logger, serverInterceptor } from "connect-clue";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { telemetryOf } from "../../test/support/telemetry.js";
import { until } from "../../test/support/until.js";
import { diagLogger } from "./diag-logger.js";
import { type LoggerProviderLike, otelLogs } from "./otel-logs.js";

/** From API 1.10 on logs are part of it; before, they are in a package of their own. */
const apiLogs: Logs | undefined = Reflect.get(api, "logs");
const logs: Logs = apiLogs ?? (await import("@opentelemetry/api-logs")).logs;

interface Logs extends LoggerProviderLike {
  setGlobalLoggerProvider(provider: LoggerProvider): unknown;
  disable(): void;
}

describe("otelLogs", () => {
  it("makes a record of each line, with all that the line has", () => {
    const { provider, records } = inMemory();
    const log = createLogger({ outputs: [{ sink: otelLogs({ loggerProvider: provider }) }], debug: true });
    const before = Date.now();
    log.debug("a");
    log.info("b", { n: 1, on: true, none: null, big: 12n, at: new Date(0), never: new Date(Number.NaN) });
    log.warn("c", { list: [1, "a", [null]], nested: { x: { y: [1] } }, long: { text: "x".repeat(2000) } });
    log.error(new Error("why", { cause: new Error("because") }), "d");
    const [a, b, c, d] = records();
    expect(
      [a, b, c, d].map((record) => [record?.severityNumber, record?.severityText, record?.body]),
    ).toEqual([
      [5, "debug", "a"],
      [9, "info", "b"],
      [13, "warn", "c"],
      [17, "error", "d"],
    ]);
    expect(b?.attributes).toEqual({
      n: 1,
      on: true,
      none: null,
      big: "12",
      at: "1970-01-01T00:00:00.000Z",
      never: null,
    });
    expect(c?.attributes).toEqual({
      list: [1, "a", [null]],
      nested: { x: { y: [1] } },
      long: expect.stringMatching(/^\{"text":"x+…\[cut\]$/),
    });
    expect(d?.attributes).toEqual({ err: "why", "err.causes": ["because"], "err.stack": expect.any(String) });
    expect(Math.abs(millis(a?.hrTime) - before)).toBeLessThan(10_000);
    expect(a?.instrumentationScope.name).toBe("connect-clue");
  });

  it("keeps the time and the span of a line that was held back", async () => {
    const { provider, records } = inMemory();
    const log = createLogger({ outputs: [{ sink: otelLogs({ loggerProvider: provider }) }] });
    telemetryOf({ spanExporter: new InMemorySpanExporter(), sampler: new AlwaysOffSampler() });
    const said: { before: number; after: number; span: SpanContext | undefined }[] = [];
    const say = async (_request: unknown, context: HandlerContext) => {
      const before = Date.now();
      logger(context).info("saying");
      const after = Date.now();
      said.push({ before, after, span: trace.getSpanContext(contextOf(context)) });
      await until(() => Date.now() > after);
      throw new Error("failed");
    };
    const transport = createRouterTransport(({ service }) => service(ChatService, { say }), {
      router: { interceptors: [serverInterceptor({ logger: log })] },
    });
    await expect(createClient(ChatService, transport).say({})).rejects.toThrow();
    const line = records().find(({ body }) => body === "saying");
    expect(line?.spanContext).toEqual(said[0]?.span);
    expect(line?.spanContext?.traceFlags).toBe(0);
    const [logged, observed] = [millis(line?.hrTime), millis(line?.hrTimeObserved)];
    expect(logged).toBeGreaterThanOrEqual(said[0]?.before ?? 0);
    expect(logged).toBeLessThanOrEqual(said[0]?.after ?? 0);
    expect(observed).toBeGreaterThan(said[0]?.after ?? 0);
    expect(Object.keys(line?.attributes ?? {})).not.toContain("trace_id");
  });

  it("goes to the provider that is registered globally, however late", () => {
    const log = createLogger({
      outputs: [{ sink: otelLogs(apiLogs === undefined ? { loggerProvider: logs } : {}) }],
    });
    log.info("before");
    const { provider, records } = inMemory();
    logs.setGlobalLoggerProvider(provider);
    onTestFinished(() => logs.disable());
    log.info("after", { n: 1 });
    expect(records().map(({ body, attributes }) => [body, attributes])).toEqual([["after", { n: 1 }]]);
  });

  it.skipIf(apiLogs !== undefined)("says what to give where the API has no logs", () => {
    expect(() => otelLogs()).toThrow(
      new TypeError(
        'otelLogs: loggerProvider: needed, as this @opentelemetry/api is older than 1.10 and has no logs: import { logs } from "@opentelemetry/api-logs", and write otelLogs({ loggerProvider: logs })',
      ),
    );
  });

  it("leaves OpenTelemetry's own diagnostics out", () => {
    const { provider, records } = inMemory();
    let text = "";
    const log = createLogger({
      outputs: [
        { sink: otelLogs({ loggerProvider: provider }) },
        { sink: { write: (lines) => (text += lines) }, format: ({ fields }) => String(fields[0]?.[1]) },
      ],
    });
    diagLogger(() => log).warn("logs could not be exported");
    log.warn("mine");
    expect(text).toBe("logs could not be exported\nmine\n");
    expect(records().map(({ body }) => body)).toEqual(["mine"]);
  });

  it("refuses what is no provider", () => {
    const unsafe = otelLogs as (options: object) => unknown;
    expect(() => unsafe({ loggerProvider: {} })).toThrow(
      new TypeError("otelLogs: loggerProvider: expected an object with getLogger, got an object"),
    );
    expect(() => unsafe({ provider: {} })).toThrow(
      'otelLogs: there is no option "provider"; there are loggerProvider',
    );
  });
});

function inMemory() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  return { provider, records: () => exporter.getFinishedLogRecords() };
}

function millis([seconds, nanos]: readonly [number, number] = [0, 0]): number {
  return seconds * 1000 + nanos / 1e6;
}
