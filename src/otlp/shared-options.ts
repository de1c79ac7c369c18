import { check, checkChoice, checkMs } from "../call/check.js";
import { checkKnown } from "../call/options.js";

/** Options of OTLP exporters over HTTP and over gRPC alike. */
export interface SharedOtlpOptions {
  /** Headers of each request, for gRPC its metadata. Those of the environment that have other names are sent, too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long one export may take, with all its retries, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default `none`. */
  readonly compression?: "none" | "gzip";
}

/** How values of metrics are sent. */
export type Temporality = keyof typeof temporalities;

/** The values of the exporters' `AggregationTemporalityPreference`. */
const temporalities = { delta: 0, cumulative: 1, lowmemory: 2 } as const;

/**
 * Checks the options of an exporter.
 *
 * @param where - the function that the caller called, for errors
 * @param address - which URLs it takes, with an example of one
 * @param more - the names of its other options
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkOtlp(
  where: string,
  options: SharedOtlpOptions & { readonly url?: string },
  address: { readonly example: string; readonly isGood: (url: string) => boolean },
  more: readonly string[] = [],
): void {
  if (Object.hasOwn(Object(options), "protocol")) {
    throw new TypeError(
      `${where}: protocol: the import decides it: "connect-clue/otlp" is http/protobuf, "connect-clue/otlp-grpc" is grpc`,
    );
  }
  checkKnown(where, options, ["url", "headers", "timeoutMs", "compression", ...more]);
  const { url, headers, timeoutMs, compression } = options;
  checkChoice(`${where}: compression`, compression, ["none", "gzip"]);
  checkMs(`${where}: timeoutMs`, timeoutMs);
  check(`${where}: url`, url, `a URL such as "${address.example}"`, (text) => {
    return typeof text === "string" && address.isGood(text);
  });
  check(`${where}: headers`, headers, "an object of texts", (record) => {
    return typeof record === "object" && Object.values(record).every((text) => typeof text === "string");
  });
}

/** The exporter's own options, but for where to and the headers. Those that are absent it reads from the environment. */
export function otlpConfig({ timeoutMs, compression }: SharedOtlpOptions): object {
  return {
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
    ...(compression !== undefined && { compression }),
  };
}

/**
 * How an exporter of metrics takes the temporality.
 *
 * @throws TypeError for one that does not exist
 */
export function temporalityConfig(where: string, temporality: Temporality | undefined): object {
  checkChoice(`${where}: temporality`, temporality, Object.keys(temporalities));
  return temporality === undefined ? {} : { temporalityPreference: temporalities[temporality] };
}
