import type {
  ExportResultLike,
  MetricExporterLike,
  ReadableSpanLike,
  ResourceMetricsLike,
  SpanExporterLike,
} from "./sdk-types.js";
import { ExportCode } from "./sdk-types.js";

/** What could not be sent of one signal. */
export interface SignalReport {
  /** How many spans, or values of metrics, were not sent. */
  readonly lost: number;
  /** Whether time was up before all was done. */
  readonly timedOut: boolean;
  /** What went wrong: the first ten of it. */
  readonly errors: readonly Error[];
}

/** Keeps the books of what an exporter is given, and of what becomes of it. */
export class Delivery {
  /** Waiting to be handed to the exporter. */
  private queued = 0;
  /** Turned away since the last ones were handed on. */
  private dropped = 0;
  /** Handed to the exporter, which has not answered yet. */
  private pending = 0;
  private failed = 0;
  private errors: Error[] = [];

  constructor(
    private readonly what: "span" | "metric point",
    private readonly onError: (error: Error) => void,
  ) {}

  /** Takes one more in, unless so many wait already. */
  enqueue(capacity: number): boolean {
    const hasRoom = this.queued < capacity;
    if (hasRoom) this.queued++;
    else this.dropped++;
    return hasRoom;
  }

  /** Some no longer wait. */
  dequeue(count: number): void {
    this.queued -= count;
    this.tellDropped();
  }

  /**
   * Hands something to an exporter. The SDK hears of success in any case: of a failure it would log a second line, and
   * forget to shut the exporter down.
   *
   * @param count - how many spans or points it is
   * @param send - the exporter's `export`
   * @param done - the SDK's callback
   */
  hand(
    count: number,
    send: (done: (result: ExportResultLike) => void) => void,
    done: (result: ExportResultLike) => void,
  ): void {
    let answered = false;
    const answer = ({ code, error }: ExportResultLike): void => {
      if (answered) return;
      answered = true;
      this.pending -= count;
      if (code !== ExportCode.success) this.lose(count, error);
      done({ code: ExportCode.success });
    };
    this.pending += count;
    try {
      send(answer);
    } catch (error) {
      answer({ code: ExportCode.failed, error: asError(error) });
    }
  }

  /** Something went wrong that is no failed export. */
  problem(error: unknown): void {
    this.tell(new Error(`OpenTelemetry has trouble with ${this.what}s`, { cause: error }));
  }

  /** Begins the books of a shutdown: what failed before is history, and was told at its time. */
  close(): void {
    this.tellDropped();
    this.failed = 0;
    this.errors = [];
  }

  /** What has not been sent since {@link close}. */
  report(timedOut: boolean): SignalReport {
    return { lost: this.queued + this.pending + this.failed, timedOut, errors: this.errors };
  }

  private tellDropped(): void {
    if (this.dropped === 0) return;
    this.tell(new Error(`OpenTelemetry dropped ${this.counted(this.dropped)}, since too many waited`));
    this.dropped = 0;
  }

  private lose(count: number, cause: unknown): void {
    this.failed += count;
    this.tell(new Error(`OpenTelemetry could not export ${this.counted(count)}`, { cause }));
  }

  private counted(count: number): string {
    return `${count} ${this.what}${count === 1 ? "" : "s"}`;
  }

  private tell(error: Error): void {
    if (this.errors.length < maxErrors) this.errors.push(error);
    this.onError(error);
  }
}

const maxErrors = 10;

/** The exporter, with its failures in the books. */
export function deliverSpans(exporter: SpanExporterLike, delivery: Delivery): SpanExporterLike {
  return withExport(exporter, (spans: ReadableSpanLike[], done) => {
    delivery.dequeue(spans.length);
    delivery.hand(spans.length, (answer) => exporter.export(spans, answer), done);
  });
}

/** The exporter, with its failures in the books. */
export function deliverMetrics(exporter: MetricExporterLike, delivery: Delivery): MetricExporterLike {
  return withExport(exporter, (metrics: ResourceMetricsLike, done) => {
    delivery.hand(pointsOf(metrics), (answer) => exporter.export(metrics, answer), done);
  });
}

/** The same object in all but one method: what else it has may differ between versions of the SDK. */
function withExport<E extends SpanExporterLike | MetricExporterLike>(exporter: E, send: E["export"]): E {
  return new Proxy(exporter, {
    get(target, key) {
      if (key === "export") return send;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function pointsOf({ scopeMetrics }: ResourceMetricsLike): number {
  let points = 0;
  for (const { metrics } of scopeMetrics) {
    for (const { dataPoints } of metrics) points += dataPoints.length;
  }
  return points;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
