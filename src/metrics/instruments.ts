import type { Histogram, Meter, Observable } from "@opentelemetry/api";
import type { Side } from "../call/types.js";

/** What is recorded when it happens. All values are in seconds. */
export interface Histograms {
  readonly callDuration: Histogram;
  readonly timeToFirstMessage: Histogram;
  readonly longestGap: Histogram;
}

/** What is read when metrics are collected. */
export interface Observables {
  readonly activeCalls: Observable;
  readonly activeStreams: Observable;
  readonly receivedMessages: Observable;
  readonly sentMessages: Observable;
  readonly ignoredMetadata: Observable;
  readonly longestSilence: Observable;
}

/**
 * Makes the histograms of one side. The names are the convention's own, and under `clue.` the kit's.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
export function createHistograms(meter: Meter, side: Side): Histograms {
  const seconds = (name: string, description: string, boundaries: number[]) =>
    meter.createHistogram(name, {
      unit: "s",
      description,
      advice: { explicitBucketBoundaries: boundaries },
    });
  const stream = `clue.rpc.${side}.stream`;
  return {
    callDuration: seconds(`rpc.${side}.call.duration`, "How long calls took.", callBuckets),
    timeToFirstMessage: seconds(
      `${stream}.time_to_first_message`,
      "How long streams took until the first message of the response.",
      callBuckets,
    ),
    longestGap: seconds(
      `${stream}.longest_gap`,
      "The longest time between two messages of a stream, told at its end.",
      gapBuckets,
    ),
  };
}

/** Makes the observables of one side. */
export function createObservables(meter: Meter, side: Side): Observables {
  const rpc = `clue.rpc.${side}`;
  return {
    activeCalls: meter.createObservableUpDownCounter(`${rpc}.active_calls`, {
      unit: "{call}",
      description: "Calls in flight, streams among them.",
    }),
    activeStreams: meter.createObservableUpDownCounter(`${rpc}.active_streams`, {
      unit: "{stream}",
      description: "Streams in flight.",
    }),
    receivedMessages: meter.createObservableCounter(`${rpc}.received_messages`, {
      unit: "{message}",
      description: "Messages received; a unary call's count when it has ended.",
    }),
    sentMessages: meter.createObservableCounter(`${rpc}.sent_messages`, {
      unit: "{message}",
      description: "Messages sent; a unary call's count when it has ended.",
    }),
    ignoredMetadata: meter.createObservableCounter(`${rpc}.ignored_metadata`, {
      unit: "{message}",
      description: "Messages whose trace metadata could not be used; told once there are any.",
    }),
    longestSilence: meter.createObservableGauge(`${rpc}.stream.longest_silence`, {
      unit: "s",
      description: "How long the stream in flight has been silent that has been so for longest.",
    }),
  };
}

/** The convention's. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Streams may be silent for hours. */
const gapBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600];
