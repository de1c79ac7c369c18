import type { TraceState } from "@opentelemetry/api";

/**
 * OpenTelemetry's own member of a `tracestate`: `ot=th:c;rv:6e6d1a75832a2f`. All other members, and the sub-keys of
 * this one that the kit does not write, stay as they are.
 *
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-handling/
 */

const member = "ot";
const maxLength = 256;

/** A sub-key's value: `c` is the one of `th` above. */
export function otValue(state: TraceState | undefined, key: string): string | undefined {
  const prefix = `${key}:`;
  return entries(state)
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}

/**
 * Sets the sub-key `th`, the threshold that a span was sampled by.
 * Beside others that fill the member up it finds no place, and is left out: then the probability is unknown.
 */
export function withThreshold(state: TraceState, threshold: string): TraceState {
  const others = withoutTh(entries(state));
  const value = [...others, `th:${threshold}`].join(";");
  return value.length > maxLength ? withoutThreshold(state) : state.set(member, value);
}

/** Takes the sub-key `th` out. What has none comes back as it is. */
export function withoutThreshold(state: TraceState): TraceState {
  const all = entries(state);
  const others = withoutTh(all);
  if (others.length === all.length) return state;
  return others.length === 0 ? state.unset(member) : state.set(member, others.join(";"));
}

function entries(state: TraceState | undefined): string[] {
  return state?.get(member)?.split(";") ?? [];
}

function withoutTh(all: readonly string[]): string[] {
  return all.filter((entry) => !entry.startsWith("th:"));
}
