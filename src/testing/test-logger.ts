import { checkKnown } from "../call/options.js";
import { createLogger, type LogEntry, type LoggerOptions, type RootLogger } from "../log/index.js";
import { Awaited, type WaitingOptions, waitingMs } from "../mock/awaited.js";
import { lastLines } from "./last-lines.js";
import { type LogLine, lineText, stableLine } from "./log-line.js";
import { type LogMatch, logMatches, logParts } from "./log-match.js";
import { shown } from "./shown.js";

/** Options of {@link testLogger}: those of `createLogger` but for where lines go. */
export type TestLoggerOptions = Omit<LoggerOptions, "format" | "sink" | "outputs" | "default">;

/** A logger that keeps what it has written. */
export interface TestLogger extends RootLogger {
  /**
   * What was written so far, in order. What a call holds back is not written: of a call that succeeds without a trace there
   * is nothing, and of one that fails there is all that led up to it.
   */
  readonly entries: readonly LogEntry[];
  /**
   * The entries as JSON logs have them, to be compared as a whole. What differs from run to run is replaced by what it is:
   * `<time>`, `<id>`, `<ms>`, `<port>`, `<stack>`.
   *
   * @param keep - keys whose values stay as they are: `"trace_id"`, where a test has chosen the trace
   */
  lines(...keep: readonly string[]): readonly LogLine[];
  /** The entries as text to read, a line for each. */
  text(): string;
  /**
   * Waits for an entry to be written.
   *
   * @param match - its message, a pattern for it, or parts of the line
   * @returns the first entry that matches, also one that is there already
   * @throws Error when none comes in time: it tells what there was instead
   */
  next(match: LogMatch, options?: WaitingOptions): Promise<LogEntry>;
  /** Forgets what was written so far. */
  clear(): void;
}

/**
 * Makes a logger that keeps what it writes, for a test to read.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const log = testLogger();
 * const call = testCall(ChatService.method.say, say, { interceptors: [serverInterceptor({ logger: log })] });
 * await call.error;
 * expect(log.lines()).toEqual([…]);
 */
export function testLogger(options: TestLoggerOptions = {}): TestLogger {
  checkKnown("testLogger", options, known);
  const written = new Written();
  const logger = createLogger({ ...options, default: false, sink: written });
  const properties: Omit<TestLogger, keyof RootLogger | "entries"> = {
    lines: (...keep) => written.entries.map((entry) => stableLine(entry, keep)),
    text: () => written.entries.map(lineText).join("\n"),
    next: (match, waiting) => written.next(match, waiting),
    clear: () => written.clear(),
  };
  // On the logger itself, which the interceptors want to be one that createLogger() made.
  Object.defineProperty(logger, "entries", { get: () => written.entries });
  return Object.assign(logger, properties) as TestLogger;
}

/** The sink that keeps entries. */
class Written {
  private list: LogEntry[] = [];
  private view: readonly LogEntry[] | undefined;
  private readonly awaited = new Awaited();

  /** One that has been handed out does not change any more. */
  get entries(): readonly LogEntry[] {
    this.view ??= Object.freeze([...this.list]);
    return this.view;
  }

  writeEntries(entries: readonly LogEntry[]): void {
    this.list.push(...entries);
    this.view = undefined;
    this.awaited.changed();
  }

  clear(): void {
    this.list = [];
    this.view = undefined;
  }

  async next(match: LogMatch, options?: WaitingOptions): Promise<LogEntry> {
    const parts = logParts(match);
    const timeoutMs = waitingMs("next", options);
    return this.awaited.until(
      () => this.list.find((entry) => logMatches(entry, parts)),
      timeoutMs,
      () => `no such entry was written within ${timeoutMs} ms: ${shown(match)}; ${this.summary()}`,
    );
  }

  private summary(): string {
    if (this.entries.length === 0) return "none was";
    return `there were ${this.entries.length}:\n${lastLines(this.entries.map(lineText))}`;
  }
}

/** Not where lines go, and not `default`: a test is no place for what holds for the whole process. */
const known: readonly (keyof TestLoggerOptions)[] = [
  "debug",
  "maxSize",
  "maxEntries",
  "maxBytes",
  "maxAgeMs",
  "budgetBytes",
  "keys",
  "fields",
  "fileLocation",
  "disableBuffering",
];
