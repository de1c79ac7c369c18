import type { Histogram, Meter, Observable } from "@opentelemetry/api";
import type { Side } from "../call/types.js";
import { metricNames } from "./names.js";

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

/** Makes the histograms of one side. */
export function createHistograms(meter: Meter, side: Side): Histograms {
  const names = metricNames(side);
  const seconds = (description: string, boundaries: number[]) => ({
    unit: "s",
    description,
    advice: { explicitBucketBoundaries: boundaries },
  });
  return {
    callDuration: meter.createHistogram(names.callDuration, seconds("How long calls took.", callBuckets)),
    timeToFirstMessage: meter.createHistogram(
      names.timeToFirstMessage,
      seconds("How long streams took until the first message of the response.", callBuckets),
    ),
    longestGap: meter.createHistogram(
      names.longestGap,
      seconds("The longest time between two messages of a stream, told at its end.", gapBuckets),
    ),
  };
}

/** Makes the observables of one side. */
export function createObservables(meter: Meter, side: Side): Observables {
  const names = metricNames(side);
  return {
    activeCalls: meter.createObservableUpDownCounter(names.activeCalls, {
      unit: "{call}",
      description: "Calls in flight, streams among them.",
    }),
    activeStreams: meter.createObservableUpDownCounter(names.activeStreams, {
      unit: "{stream}",
      description: "Streams in flight.",
    }),
    receivedMessages: meter.createObservableCounter(names.receivedMessages, {
      unit: "{message}",
      description: "Messages received; a unary call's count when it has ended.",
    }),
    sentMessages: meter.createObservableCounter(names.sentMessages, {
      unit: "{message}",
      description: "Messages sent; a unary call's count when it has ended.",
    }),
    ignoredMetadata: meter.createObservableCounter(names.ignoredMetadata, {
      unit: "{message}",
      description: "Messages whose trace metadata could not be used; told once there are any.",
    }),
    longestSilence: meter.createObservableGauge(names.longestSilence, {
      unit: "s",
      description: "How long the stream in flight has been silent that has been so for longest.",
    }),
  };
}

/** The convention's. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Streams may be silent for hours. */
const gapBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600];
