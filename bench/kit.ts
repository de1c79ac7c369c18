import type { Interceptor } from "@connectrpc/connect";
import { createLogger, type LoggerOptions, type LogOptions, serverInterceptor } from "connect-clue";
import { registerTelemetry } from "./telemetry.js";

/** The benchmarked configurations; `bare` has nothing of the kit. */
export type Variant = "bare" | "bare again" | KitVariant;

/**
 * How the kit is set up. `logs alone`: no OpenTelemetry SDK is there. `all on`: one is, spans are sampled at 10 %, metrics
 * are collected. With `implicit context` the contexts are kept in an AsyncLocalStorage.
 */
export type KitVariant = "logs alone" | "all on" | "all on, implicit context" | "all on, spans buffered";

/** The variants with the kit that are measured end to end. */
export const kitVariants = ["logs alone", "all on", "all on, implicit context"] as const satisfies Variant[];

/**
 * The variant that a worker was started as.
 *
 * @throws TypeError when its command line names none
 */
export function variantFromCommandLine(): Variant {
  const name = process.argv[2];
  const known: readonly string[] = ["bare", "bare again", "all on, spans buffered", ...kitVariants];
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
  if (variant !== "logs alone") {
    registerTelemetry({
      hasContextManager: hasImplicitContext,
      buffersSpans: variant === "all on, spans buffered",
    });
  }
  return serverInterceptor({
    logger: createLogger({ sink: variant === "logs alone" ? silence : nothing, ...logging }),
    log,
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
