export type { WaitingOptions } from "../mock/awaited.js";
export type { TestSpan } from "../testing/test-span.js";
export {
  type CollectOptions,
  type TestMetric,
  type TestMetrics,
  type TestMetricsOptions,
  type TestPoint,
  testMetrics,
} from "./test-metrics.js";
export { type TestSpans, type TestSpansOptions, testSpans } from "./test-spans.js";
