import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  type TraceState,
  trace,
} from "@opentelemetry/api";
import type { SamplerLike, SamplingResultLike } from "connect-clue/telemetry";

/** Random numbers from 0 to 1 that are the same in each run. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A trace id whose last 56 bits are random. */
export function traceIdOf(random: () => number): string {
  const hex = (digits: number) =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  return `${"1".repeat(18)}${hex(7)}${hex(7)}`;
}

/** A trace id that any probability samples. */
export const luckyId = "f".repeat(32);

/** A trace id that no probability under 1 samples. */
export const unluckyId = `1${"0".repeat(31)}`;

/** Asks a sampler about a span. */
export function ask(
  sampler: SamplerLike,
  traceId: string,
  context: Context = ROOT_CONTEXT,
  attributes: Attributes = {},
): SamplingResultLike {
  return sampler.shouldSample(context, traceId, "span", SpanKind.SERVER, attributes, []);
}

/** What a sampler says, as a test compares it. */
export function answer({ decision, traceState }: SamplingResultLike): string {
  const name = ["drop", "record", "sample"][decision];
  return traceState === undefined ? `${name}` : `${name} ${traceState.serialize()}`;
}

/** A context in which a span is active. */
export function contextIn(
  parent: { readonly sampled: boolean; readonly remote?: boolean; readonly traceState?: TraceState },
  context: Context = ROOT_CONTEXT,
): Context {
  const { sampled, remote = false, traceState } = parent;
  return trace.setSpanContext(context, {
    traceId: luckyId,
    spanId: "2".repeat(16),
    traceFlags: sampled ? 1 : 0,
    isRemote: remote,
    ...(traceState && { traceState }),
  });
}

/** How many spans a sampled one stands for, by the threshold in its `tracestate`. */
export function adjustedCount({ traceState }: SamplingResultLike): number {
  const threshold = /(?:^|;)th:([0-9a-f]{1,14})(?:;|$)/.exec(traceState?.get("ot") ?? "")?.[1];
  if (threshold === undefined) throw new Error(`no threshold in ${traceState?.serialize()}`);
  const rejected = BigInt(`0x${threshold.padEnd(14, "0")}`);
  return 2 ** 56 / Number(2n ** 56n - rejected);
}
