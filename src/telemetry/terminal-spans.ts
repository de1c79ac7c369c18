import { check, checkMethods, checkMs } from "../call/check.js";
import { reportFault } from "../call/fault.js";
import { checkKnown } from "../call/options.js";
import { wait } from "../call/wait.js";
import {
  ExportCode,
  type ExportResultLike,
  type ReadableSpanLike,
  type SpanExporterLike,
} from "./sdk-types.js";
import { traceText } from "./trace-text.js";

/** Where {@link terminalSpans} prints: any of Node's streams, or what has the same shape. */
export interface TerminalOutput {
  /** Takes whole lines. */
  write(text: string): unknown;
  /** Whether it is a terminal. */
  readonly isTTY?: boolean;
}

/** Options of {@link terminalSpans}. */
export interface TerminalSpansOptions {
  /** Default: standard output. */
  readonly output?: TerminalOutput;
  /** Default: where the output is a terminal, and `NO_COLOR` is not set. */
  readonly colors?: boolean;
  /** How long a trace must have had no further span before it is printed, in milliseconds. Default 250. */
  readonly settleMs?: number;
}

/**
 * A span exporter for people: prints each trace as a tree in the terminal, with no collector needed.
 *
 * A trace is printed when no span of it has ended for `settleMs` and no parent is missing that is still running in this
 * process; after twenty times as long it is printed in any case, as it is when `forceFlush` or `shutdown` is called.
 * Spans that end later are printed as a further part. Several services of one process, each with its own provider, may
 * share one exporter, so that a trace that runs through all of them is one tree; it goes on after a `shutdown`, which
 * is that of one provider. What it holds back is bounded: beyond 2,000 spans the oldest trace is printed as it is.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * configureOpenTelemetry({ service: "orders", spanExporter: terminalSpans() });
 */
export function terminalSpans(options: TerminalSpansOptions = {}): SpanExporterLike {
  checkKnown("terminalSpans", options, ["output", "colors", "settleMs"]);
  const { output = process.stdout, settleMs = 250 } = options;
  checkMethods("terminalSpans: output", output, ["write"]);
  checkMs("terminalSpans: settleMs", settleMs);
  check("terminalSpans: colors", options.colors, "true or false", (colors) => typeof colors === "boolean");
  const colors = options.colors ?? (output.isTTY === true && !process.env.NO_COLOR);
  return new TerminalSpans(output, colors, settleMs);
}

/** A trace whose spans are not printed yet. */
interface HeldTrace {
  readonly spans: ReadableSpanLike[];
  readonly timer: NodeJS.Timeout;
  /** How often it was quiet for long enough, and waited for a parent nevertheless. */
  patience: number;
}

class TerminalSpans implements SpanExporterLike {
  /** By trace id, in the order of their first spans. */
  private readonly held = new Map<string, HeldTrace>();
  private heldSpans = 0;
  /** The trace ids that were printed last: what comes of them is a further part. */
  private readonly printed = new Set<string>();

  constructor(
    private readonly output: TerminalOutput,
    private readonly colors: boolean,
    private readonly settleMs: number,
  ) {}

  export(spans: ReadableSpanLike[], resultCallback: (result: ExportResultLike) => void): void {
    for (const span of spans) this.hold(span);
    for (const traceId of this.held.keys()) {
      if (this.heldSpans <= maxHeldSpans) break;
      this.print(traceId);
    }
    resultCallback({ code: ExportCode.success });
  }

  /** Gives other providers, which most likely flush at the same moment, the time to add their parts. */
  async forceFlush(): Promise<void> {
    await wait(gatherMs);
    for (const traceId of this.held.keys()) this.print(traceId);
  }

  shutdown(): Promise<void> {
    return this.forceFlush();
  }

  private hold(span: ReadableSpanLike): void {
    const { traceId } = span.spanContext();
    let trace = this.held.get(traceId);
    if (trace === undefined) {
      const timer = setTimeout(() => this.settle(traceId), this.settleMs).unref();
      trace = { spans: [], timer, patience: maxPatience };
      this.held.set(traceId, trace);
    }
    trace.spans.push(span);
    trace.timer.refresh();
    this.heldSpans++;
  }

  /** The trace has been quiet. */
  private settle(traceId: string): void {
    const trace = this.held.get(traceId);
    if (trace === undefined) return;
    if (this.printed.has(traceId) || --trace.patience === 0 || !lacksParent(trace.spans)) this.print(traceId);
    else trace.timer.refresh();
  }

  private print(traceId: string): void {
    const trace = this.held.get(traceId);
    if (trace === undefined) return;
    clearTimeout(trace.timer);
    this.held.delete(traceId);
    this.heldSpans -= trace.spans.length;
    const isContinued = this.printed.delete(traceId);
    this.remember(traceId);
    try {
      this.output.write(traceText(trace.spans, { colors: this.colors, isContinued }));
    } catch (error) {
      reportFault(this.output, "the output of terminalSpans", error);
    }
  }

  private remember(traceId: string): void {
    this.printed.add(traceId);
    if (this.printed.size <= maxPrinted) return;
    for (const oldest of this.printed) {
      this.printed.delete(oldest);
      return;
    }
  }
}

/** Whether a span's parent is of this process, and has not ended. */
function lacksParent(spans: readonly ReadableSpanLike[]): boolean {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  return spans.some(({ parentSpanContext: parent }) => parent && !parent.isRemote && !ids.has(parent.spanId));
}

const maxHeldSpans = 2000;
const maxPatience = 20;
const maxPrinted = 1000;
const gatherMs = 20;
