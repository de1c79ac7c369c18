import { createConnectRouter, type Interceptor } from "@connectrpc/connect";
import {
  createLogger,
  type LoggerOptions,
  type LogOptions,
  payloadLog,
  serverInterceptor,
} from "connect-clue";
import { debugRoutes } from "connect-clue/debug";
import { registerTelemetry } from "./telemetry.js";

/** The benchmarked configurations; `bare` has nothing of the kit. */
export type Variant = "bare" | "bare again" | KitVariant;

/**
 * How the kit is set up. `logs alone`: no OpenTelemetry SDK is there. `all on`: one is, spans are sampled at 10 %, metrics
 * are collected. With `implicit context` the contexts are kept in an AsyncLocalStorage. With `debug ready` the debug service is
 * there, and payloads would be logged, but debug is off.
 */
export type KitVariant =
  | "logs alone"
  | "logs alone, debug ready"
  | "all on"
  | "all on, implicit context"
  | "all on, spans buffered";

/** The variants with the kit that are measured end to end. */
export const kitVariants = ["logs alone", "all on", "all on, implicit context"] as const satisfies Variant[];

/** Those that are driven directly alone. */
export const directVariants = [
  "logs alone, debug ready",
  "all on, spans buffered",
] as const satisfies Variant[];

/**
 * The variant that a worker was started as.
 *
 * @throws TypeError when its command line names none
 */
export function variantFromCommandLine(): Variant {
  const name = process.argv[2];
  const known: readonly string[] = ["bare", "bare again", ...directVariants, ...kitVariants];
  if (name !== undefined && known.includes(name)) return name as Variant;
  throw new TypeError(`expected the name of a variant, got ${name}`);
}

/**
 * The kit's interceptor as it is benchmarked. All calls succeed: only those that are sampled write their lines, and
 * their sink costs nothing.
 */
export function kitInterceptor(
  variant: KitVariant,
  logging: LoggerOptions = {},
  log: LogOptions = {},
): Interceptor {
  const hasImplicitContext = variant === "all on, implicit context";
  const isDebugReady = variant === "logs alone, debug ready";
  const isAlone = variant === "logs alone" || isDebugReady;
  if (isDebugReady) debugRoutes({ authorize: () => "nobody" })(createConnectRouter());
  if (!isAlone) {
    registerTelemetry({
      hasContextManager: hasImplicitContext,
      buffersSpans: variant === "all on, spans buffered",
    });
  }
  return serverInterceptor({
    logger: createLogger({ sink: isAlone ? silence : nothing, ...logging }),
    log,
    payloads: isDebugReady && payloadLog(),
    implicitContext: hasImplicitContext,
  });
}

/** Without tracing, a benchmark that writes measures something else than it says. */
const silence = {
  write(text: string): void {
    queueMicrotask(() => {
      throw new Error(`expected no line to be written, got ${text}`);
    });
  },
};

const nothing = { write(): void {} };
