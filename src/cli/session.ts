import { readFile } from "node:fs/promises";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import { failureOf } from "./call-failure.js";
import { connectTo, type Target } from "./connection.js";
import { exitCodes, reasonOf, usageError } from "./failure.js";
import type { GlobalOptions } from "./global-options.js";
import { Screen } from "./screen.js";

/** What a command works with. */
export interface Session {
  readonly screen: Screen;
  /** Whether answers are written as JSON, one value a line. */
  readonly isJson: boolean;
  /** Aborts when the program is to end. */
  readonly signal: AbortSignal;
  /** The person's `--timeout`, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Options of a call with one answer. */
  readonly options: CallOptions;
  client<S extends DescService>(service: S): Client<S>;
}

/**
 * Finds the server, and does the work. What it leaves behind of calls ends with it.
 *
 * @param signal - ends all of it
 * @param work - the command; answers with the exit code
 * @throws Failure when something goes wrong, or when the signal aborts
 */
export async function withSession(
  options: GlobalOptions,
  signal: AbortSignal,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const target = await targetOf(options);
  // An optional peer, which nothing else needs. Where it is missing, the program tells.
  const connectNode = await import("@connectrpc/connect-node");
  const { timeout: timeoutMs, json: isJson = false } = options;
  const answerMs = timeoutMs ?? defaultTimeoutMs;
  try {
    const { transport, close } = await within(answerMs, signal, (inTime) =>
      connectTo(target, connectNode, inTime),
    );
    const calling = linked(signal, ({ signal }) =>
      work({
        screen: new Screen(signal),
        isJson,
        signal,
        timeoutMs,
        options: { signal, timeoutMs: answerMs },
        client: (service) => createClient(service, transport),
      }),
    );
    return await calling.finally(close);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failureOf(error, { url: target.url.origin, hasToken: target.token !== "" });
  }
}

const defaultTimeoutMs = 10_000;

async function targetOf(options: GlobalOptions): Promise<Target> {
  const { addr: url, protocol, token = "", insecure = false } = options;
  const ca = options.ca === undefined ? {} : { ca: await certificate(options.ca) };
  return { url, protocol, token, tls: { ...ca, ...(insecure ? { rejectUnauthorized: false } : {}) } };
}

async function certificate(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw usageError(`--ca: can't read the file: ${reasonOf(error)}`);
  }
}

/**
 * Reads a stream that ends by itself only when something is wrong: the person ends it, or `--timeout` does.
 *
 * @param read - reads until the signal aborts
 * @returns 0 when the time is up
 */
export async function openEnd(
  { signal, timeoutMs }: Session,
  read: (signal: AbortSignal) => Promise<never>,
): Promise<number> {
  if (timeoutMs === undefined) return await read(signal);
  return await within(timeoutMs, signal, async (inTime) => {
    try {
      return await read(inTime);
    } catch (error) {
      if (inTime.aborted && !signal.aborted) return exitCodes.ok;
      throw error;
    }
  });
}

/** Does something with a signal that also aborts when the time is up. */
function within<T>(ms: number, signal: AbortSignal, work: (inTime: AbortSignal) => Promise<T>): Promise<T> {
  return linked(signal, async (controller) => {
    const timer = setTimeout(() => controller.abort(), ms);
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
    }
  });
}

/**
 * Does something with a signal that aborts with the other one, and when it is done: no call outlives that. It is not
 * AbortSignal.any: on Node 20 garbage collection can take such a signal away before its time.
 */
async function linked<T>(signal: AbortSignal, work: (controller: AbortController) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Without the reason: what is no cancellation to Connect breaks the stream with an error, which the server logs.
  const onAbort = (): void => controller.abort();
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await work(controller);
  } finally {
    signal.removeEventListener("abort", onAbort);
    controller.abort();
  }
}
