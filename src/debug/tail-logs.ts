import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Severity,
  type TailLogsRequest,
  type TailLogsResponse,
  TailLogsResponseSchema,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { compileMethodGlob } from "../call/method-filter.js";
import { onAbort } from "../call/signal.js";
import { type LogViewer, type SeenLine, tail } from "../log/live.js";
import { invalid } from "./invalid.js";
import { logLine, severities } from "./log-line.js";

/**
 * What is logged from now on, until the signal aborts.
 *
 * @throws ConnectError `invalid_argument` for a severity that there is not, `resource_exhausted` when too many watch
 *   already; the signal's reason
 */
export async function* tailLogs(
  request: TailLogsRequest,
  signal: AbortSignal,
): AsyncGenerator<TailLogsResponse> {
  checkSeverity(request.severity);
  if (signal.aborted) throw signal.reason;
  if (viewers.size >= maxViewers) {
    throw new ConnectError(`${maxViewers} others watch the log already`, Code.ResourceExhausted);
  }
  const viewer = new Viewer(request);
  viewers.add(viewer);
  const stop = tail(viewer);
  const leave = (): void => {
    stop();
    viewers.delete(viewer);
    viewer.close();
  };
  // A client that did not read, and goes, leaves this generator where it waits to be pulled: nobody does that any more.
  onAbort(signal, leave);
  try {
    while (!signal.aborted) {
      const response = viewer.take();
      if (response === undefined) await viewer.change();
      else yield response;
    }
    throw signal.reason;
  } finally {
    leave();
  }
}

/** How many watch the log, and the lines that they, and those before them, have lost. */
export function viewerStats(): { readonly viewers: number; readonly linesLost: number } {
  return { viewers: viewers.size, linesLost };
}

/**
 * One who watches the log, and the lines that it has not read yet. Whoever logs waits for nobody: when there are too many,
 * the next ones are counted and lost.
 */
class Viewer implements LogViewer {
  readonly wantsHeld: boolean;
  private readonly least: Severity;
  private readonly isShown: (path: string | undefined) => boolean;
  private readonly seen = new WeakSet<object>();
  private queue: SeenLine[] = [];
  private bytes = 0;
  private lost = 0;
  private notify: (() => void) | undefined;

  constructor({ severity, method, includeBuffered }: TailLogsRequest) {
    this.wantsHeld = includeBuffered;
    this.least = severity;
    const matches = compileMethodGlob(method);
    this.isShown = (path) => method === "" || (path !== undefined && matches(path));
  }

  see(line: SeenLine): void {
    if (severities[line.severity] < this.least || !this.isShown(line.call?.path) || this.knows(line)) return;
    if (this.lost > 0 || this.queue.length >= maxLines || this.bytes + line.size > maxBytes) this.lose();
    else this.push(line);
    this.wake();
  }

  /** The next answer, if there is one. What was lost is told at its place: after the lines before it. */
  take(): TailLogsResponse | undefined {
    const line = this.queue.shift();
    if (line !== undefined) {
      this.bytes -= line.size;
      return create(TailLogsResponseSchema, { event: { case: "line", value: logLine(line) } });
    }
    if (this.lost === 0) return undefined;
    const event = { case: "lost", value: BigInt(this.lost) } as const;
    this.lost = 0;
    return create(TailLogsResponseSchema, { event });
  }

  /** Resolves when there may be something to take. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.notify = resolve;
    });
  }

  wake(): void {
    this.notify?.();
    this.notify = undefined;
  }

  /** Nobody reads any more. */
  close(): void {
    this.queue = [];
    this.bytes = 0;
    this.lost = 0;
    this.wake();
  }

  /** Who sees lines when they are held back need not see them again when they are written. */
  private knows({ line, isHeld }: SeenLine): boolean {
    if (!this.wantsHeld) return false;
    if (!isHeld) return this.seen.has(line);
    this.seen.add(line);
    return false;
  }

  private push(line: SeenLine): void {
    this.queue.push(line);
    this.bytes += line.size;
  }

  private lose(): void {
    this.lost++;
    linesLost++;
  }
}

function checkSeverity(severity: Severity): void {
  if (Severity[severity] !== undefined) return;
  throw invalid(`severity: expected DEBUG, INFO, WARN or ERROR, got ${severity}`);
}

const viewers = new Set<Viewer>();
let linesLost = 0;

const maxViewers = 100;
const maxLines = 1000;
const maxBytes = 1024 * 1024;
