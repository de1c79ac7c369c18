import type { Side } from "../call/types.js";

/** The names of all metrics of one side: the convention's own, and under `clue.` the kit's. */
export interface MetricNames {
  readonly callDuration: string;
  readonly activeCalls: string;
  readonly activeStreams: string;
  readonly receivedMessages: string;
  readonly sentMessages: string;
  readonly ignoredMetadata: string;
  readonly timeToFirstMessage: string;
  readonly longestGap: string;
  readonly longestSilence: string;
}

/**
 * The names of one side's metrics.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
export function metricNames(side: Side): MetricNames {
  return {
    callDuration: `rpc.${side}.call.duration`,
    activeCalls: `clue.rpc.${side}.active_calls`,
    activeStreams: `clue.rpc.${side}.active_streams`,
    receivedMessages: `clue.rpc.${side}.received_messages`,
    sentMessages: `clue.rpc.${side}.sent_messages`,
    ignoredMetadata: `clue.rpc.${side}.ignored_metadata`,
    timeToFirstMessage: `clue.rpc.${side}.stream.time_to_first_message`,
    longestGap: `clue.rpc.${side}.stream.longest_gap`,
    longestSilence: `clue.rpc.${side}.stream.longest_silence`,
  };
}

/** What the convention calls a method that is not counted by its name. */
export const otherMethod = "_OTHER";
