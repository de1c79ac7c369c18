import { Inspector } from "./inspector.js";
import { type Breathe, jsonArray, type Recorder } from "./recorder.js";

/** What V8 and Node note of their own work, as trace events. */
export class TraceRecorder implements Recorder {
  private readonly inspector = new Inspector();
  private events: object[] = [];
  private lost = 0;
  private isComplete: () => void = () => {};

  constructor() {
    this.inspector.on<{ value: object[] }>("NodeTracing.dataCollected", ({ value }) => this.keep(value));
    this.inspector.on("NodeTracing.tracingComplete", () => this.isComplete());
    try {
      this.inspector.post("NodeTracing.start", { traceConfig: { includedCategories } });
    } catch (error) {
      this.inspector.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const complete = new Promise<void>((resolve) => {
      this.isComplete = resolve;
    });
    this.inspector.post("NodeTracing.stop");
    await complete;
    this.inspector.close();
  }

  async *file(breathe: Breathe): AsyncGenerator<string> {
    yield '{"traceEvents":';
    yield* jsonArray(this.events, 1000, breathe);
    yield `,"otherData":${JSON.stringify({ node: process.version, lost_events: this.lost })}}`;
  }

  close(): void {
    this.isComplete();
    this.inspector.close();
    this.events = [];
  }

  private keep(events: readonly object[]): void {
    const kept = events.slice(0, mostEvents - this.events.length);
    for (const event of kept) this.events.push(event);
    this.lost += events.length - kept.length;
  }
}

/** About 100 MB. */
const mostEvents = 250_000;

/**
 * Without `node.async_hooks` and `node.environment`: they note each tick and each turn of the loop, and ending a trace
 * takes 10 to 20 microseconds an event, all at once.
 */
const includedCategories = [
  "v8",
  "node.bootstrap",
  "node.dns.native",
  "node.fs.async",
  "node.fs.sync",
  "node.http",
  "node.net.native",
  "node.perf",
  "node.promises.rejections",
  "node.threadpoolwork.async",
  "node.threadpoolwork.sync",
  "node.vm.script",
];
