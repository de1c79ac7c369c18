import { inTime } from "../call/in-time.js";
import type { Logger } from "../log/index.js";
import type { SignalReport } from "./delivery.js";
import type { Signal } from "./telemetry-signal.js";

/** OpenTelemetry as it was configured. */
export interface Telemetry {
  /** Sends what is held back, within the bound. It never rejects: what goes wrong goes to the `errorHandler`. */
  forceFlush(): Promise<void>;
  /**
   * Sends what is held back, within the bound, and takes back all that was registered. It never rejects, and called
   * again it returns the same. A request to a collector that does not answer may hold the process up to the exporter's
   * own timeout.
   *
   * @returns what could not be sent; it is logged, too
   */
  shutdown(): Promise<ShutdownReport>;
}

/** What a shutdown could not send. */
export interface ShutdownReport {
  /** Whether all was sent. */
  readonly complete: boolean;
  readonly spans: SignalReport;
  /** Lost are values: one for each metric and set of attributes. */
  readonly metrics: SignalReport;
}

/** What a running telemetry needs beside its signals. */
export interface RunningOptions {
  readonly timeoutMs: number;
  readonly log: () => Logger;
  /** Called when the last has been sent. */
  readonly onStopped: () => void;
}

/** The signals that are on, until they are shut down. */
export class RunningTelemetry implements Telemetry {
  private stopping: Promise<ShutdownReport> | undefined;

  constructor(
    private readonly spans: Signal | undefined,
    private readonly metrics: Signal | undefined,
    private readonly options: RunningOptions,
  ) {}

  async forceFlush(): Promise<void> {
    await Promise.all([this.flush(this.spans), this.flush(this.metrics)]);
  }

  shutdown(): Promise<ShutdownReport> {
    this.stopping ??= this.stop();
    return this.stopping;
  }

  private async flush(signal: Signal | undefined): Promise<void> {
    const { timeoutMs } = this.options;
    if (signal === undefined || (await inTime(timeoutMs, signal.forceFlush()))) return;
    signal.delivery.problem(new Error(`the flush took longer than ${timeoutMs} ms`));
  }

  private async stop(): Promise<ShutdownReport> {
    const [spans, metrics] = await Promise.all([this.end(this.spans), this.end(this.metrics)]);
    const report = { complete: isComplete(spans) && isComplete(metrics), spans, metrics };
    if (!report.complete) this.tell(report);
    this.options.onStopped();
    return report;
  }

  private async end(signal: Signal | undefined): Promise<SignalReport> {
    if (signal === undefined) return nothing;
    signal.delivery.close();
    const done = await inTime(this.options.timeoutMs, signal.shutdown());
    return signal.delivery.report(!done);
  }

  private tell({ spans, metrics }: ShutdownReport): void {
    this.options.log().warn("OpenTelemetry stopped before all was sent", {
      from: "opentelemetry",
      "spans.lost": spans.lost,
      "metrics.lost": metrics.lost,
      timed_out: spans.timedOut || metrics.timedOut,
    });
  }
}

const nothing: SignalReport = { lost: 0, timedOut: false, errors: [] };

function isComplete({ lost, timedOut, errors }: SignalReport): boolean {
  return lost === 0 && !timedOut && errors.length === 0;
}
