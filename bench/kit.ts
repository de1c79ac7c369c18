import type { Interceptor } from "@connectrpc/connect";
import { createLogger, type LoggerOptions, type LogOptions, serverInterceptor } from "connect-clue";

/** The benchmarked configurations; `bare` has nothing of the kit. */
export type Variant = "bare" | "bare again" | "implicitContext: false" | "implicitContext: true";

/** The variants with the kit. */
export const kitVariants = ["implicitContext: false", "implicitContext: true"] as const satisfies Variant[];

/**
 * The variant that a worker was started as.
 *
 * @throws TypeError when its command line names none
 */
export function variantFromCommandLine(): Variant {
  const name = process.argv[2];
  if (name === "bare" || name === "bare again" || kitVariants.some((variant) => variant === name)) {
    return name as Variant;
  }
  throw new TypeError(`expected the name of a variant, got ${name}`);
}

/** The kit's interceptor as it is benchmarked: all on by default, and nothing to write, since all calls succeed. */
export function kitInterceptor(
  variant: Variant,
  logging: LoggerOptions = {},
  log: LogOptions = {},
): Interceptor {
  return serverInterceptor({
    logger: createLogger({ sink: silence, ...logging }),
    log,
    implicitContext: variant === "implicitContext: true",
  });
}

/** A benchmark that writes measures something else than it says. */
const silence = {
  write(text: string): void {
    queueMicrotask(() => {
      throw new Error(`expected no line to be written, got ${text}`);
    });
  },
};
