import { type DiagLogger, diag, ROOT_CONTEXT, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endedSpan } from "../../test/support/ended-span.js";
import type { ReadableSpanLike, SpanExporterLike } from "./sdk-types.js";
import { terminalSpans } from "./terminal-spans.js";

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ test: t });
});
afterEach(() => {
  vi.unstubAllEnvs();
  diag.disable();
});

/** An output, and what was printed to it. */
function printed(isTTY?: boolean) {
  const texts: string[] = [];
  const output = { write: (text: string) => texts.push(text), ...(isTTY !== undefined && { isTTY }) };
  return { output, texts, titles: () => texts.map((text) => text.split("\n")[0]) };
}

function send(exporter: SpanExporterLike, ...spans: ReadableSpanLike[]): number[] {
  const codes: number[] = [];
  exporter.export(spans, ({ code }) => codes.push(code));
  return codes;
}

function title(trace: string, rest: string): string {
  return `trace ${trace.repeat(32)} · 1.00 ms · ${rest}`;
}

const root = endedSpan({ id: "1" });
const child = endedSpan({ id: "2", parent: "1" });
const remote = endedSpan({ id: "3", parent: "1", isRemote: true, service: "other" });

describe("terminalSpans", () => {
  it("prints a trace when it has been quiet", async () => {
    const { output, texts } = printed();
    const exporter = terminalSpans({ output });
    expect(send(exporter, child)).toEqual([0]);
    await clock.advance(200);
    send(exporter, root);
    await clock.advance(249);
    expect(texts).toEqual([]);
    await clock.advance(1);
    expect(texts).toEqual([
      [
        `${title("a", "2 spans · 1 service")}`,
        "span 1     chat  internal  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
        "└─ span 2  chat  internal  1.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
        "",
        "",
      ].join("\n"),
    ]);
  });

  it("waits longer for a parent that still runs in this process, and not for ever", async () => {
    const { output, titles } = printed();
    const exporter = terminalSpans({ output, settleMs: 10 });
    send(exporter, child);
    send(exporter, { ...remote, spanContext: () => ({ ...remote.spanContext(), traceId: "b".repeat(32) }) });
    await clock.advance(199);
    expect(titles()).toEqual([title("b", "1 span · 1 service")]);
    await clock.advance(1);
    expect(titles()).toEqual([title("b", "1 span · 1 service"), title("a", "1 span · 1 service")]);
  });

  it("prints late spans as a further part", async () => {
    const { output, titles } = printed();
    const exporter = terminalSpans({ output });
    for (const span of [root, child, remote]) {
      send(exporter, span);
      await clock.advance(250);
    }
    expect(titles()).toEqual([
      title("a", "1 span · 1 service"),
      title("a", "1 span · 1 service · continued"),
      title("a", "1 span · 1 service · continued"),
    ]);
  });

  it.each(["forceFlush", "shutdown"] as const)(
    "prints all at %s, of several services as one",
    async (end) => {
      const { output, titles } = printed();
      const exporter = terminalSpans({ output });
      send(exporter, child);
      const ended = exporter[end]?.();
      send(exporter, root, remote);
      await clock.advance(20);
      await ended;
      expect(titles()).toEqual([title("a", "3 spans · 2 services")]);
      send(exporter, endedSpan({ id: "4", trace: "b" }));
      await clock.advance(250);
      expect(titles()[1]).toEqual(title("b", "1 span · 1 service"));
    },
  );

  it("holds a bounded number of spans: beyond, the oldest traces are printed first", () => {
    const { output, titles } = printed();
    const exporter = terminalSpans({ output });
    send(exporter, root);
    send(exporter, endedSpan({ trace: "b", id: "1" }));
    send(exporter, ...Array.from({ length: 1999 }, () => endedSpan({ trace: "c", id: "1" })));
    expect(titles()).toEqual([title("a", "1 span · 1 service")]);
    send(exporter, ...Array.from({ length: 3000 }, () => endedSpan({ trace: "d", id: "1" })));
    expect(titles()).toEqual([
      title("a", "1 span · 1 service"),
      title("b", "1 span · 1 service"),
      title("c", "1999 spans · 1 service"),
      title("d", "3000 spans · 1 service"),
    ]);
  });

  it("leaves no timer behind, whatever made it print", async () => {
    const exporter = terminalSpans({ output: printed().output });
    const print = [
      () => clock.advance(250),
      () => send(exporter, ...Array.from({ length: 2000 }, () => root)),
      () => Promise.all([exporter.forceFlush?.(), clock.advance(20)]),
    ];
    const counts: number[][] = [];
    for (const act of print) {
      send(exporter, root);
      const before = clock.timers;
      await act();
      counts.push([before, clock.timers]);
    }
    expect(counts).toEqual(Array(3).fill([1, 0]));
  });

  it.each([
    { isTTY: true, colors: undefined, noColor: "", isColoured: true },
    { isTTY: true, colors: undefined, noColor: "1", isColoured: false },
    { isTTY: true, colors: false, noColor: "", isColoured: false },
    { isTTY: undefined, colors: undefined, noColor: "", isColoured: false },
    { isTTY: undefined, colors: true, noColor: "1", isColoured: true },
  ])("has colours where they are wanted: %o", async ({ isTTY, colors, noColor, isColoured }) => {
    vi.stubEnv("NO_COLOR", noColor);
    const { output, texts } = printed(isTTY);
    send(terminalSpans({ output, ...(colors !== undefined && { colors }) }), root);
    await clock.advance(250);
    expect(texts.map((text) => text.includes("\u001b["))).toEqual([isColoured]);
  });

  it("reports an output that fails, once, and the spans as exported", async () => {
    const reports: unknown[] = [];
    const logger = { error: (...args: unknown[]) => void reports.push(args[1]) };
    diag.setLogger({ ...logger, warn() {}, info() {}, debug() {}, verbose() {} } satisfies DiagLogger);
    const fault = new Error("broken pipe");
    const output = {
      write() {
        throw fault;
      },
    };
    const exporter = terminalSpans({ output });
    expect(send(exporter, root)).toEqual([0]);
    await clock.advance(250);
    send(exporter, root);
    await clock.advance(250);
    expect(reports).toEqual([fault]);
  });

  it.each<[object, string]>([
    [{ colour: true }, 'terminalSpans: there is no option "colour"; there are output, colors, settleMs'],
    [{ output: {} }, "terminalSpans: output: expected an object with write, got an object"],
    [{ colors: "yes" }, 'terminalSpans: colors: expected true or false, got "yes"'],
    [
      { settleMs: 0 },
      "terminalSpans: settleMs: expected a number of milliseconds from 1 to 2147483647, got 0",
    ],
  ])("refuses options that are wrong: %o", (options, message) => {
    expect(() => terminalSpans(options)).toThrow(new TypeError(message));
  });
});

describe("two services with SDKs of their own", () => {
  function tracer(service: string, exporter: SpanExporterLike): Tracer {
    const resource = resourceFromAttributes({ "service.name": service });
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    return new TracerProvider({ resource, spanProcessors }).getTracer("test");
  }

  it("share a tree", async () => {
    const { output, texts } = printed();
    const exporter = terminalSpans({ output });
    const [gateway, chat] = [tracer("gateway", exporter), tracer("chat", exporter)];
    const noon = Date.UTC(2026, 10, 21, 12);
    const call = gateway.startSpan("Say", { kind: SpanKind.CLIENT, startTime: noon });
    const parent = trace.setSpanContext(ROOT_CONTEXT, { ...call.spanContext(), isRemote: true });
    const served = chat.startSpan("Say", { kind: SpanKind.SERVER, startTime: noon + 1 }, parent);
    served.end(noon + 3);
    call.end(noon + 4);
    await clock.advance(250);
    expect(texts).toEqual([
      [
        `trace ${call.spanContext().traceId} · 4.00 ms · 2 spans · 2 services`,
        "Say     gateway  client  4.00 ms  ━━━━━━━━━━━━━━━━━━━━━━━━",
        "└─ Say  chat     server  2.00 ms        ━━━━━━━━━━━━",
        "",
        "",
      ].join("\n"),
    ]);
  });
});
