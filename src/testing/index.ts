export type { WaitingOptions } from "../mock/awaited.js";
export type { TestContext } from "../mock/test-end.js";
export type { AsymmetricMatcher } from "./equal.js";
export type { LogLine } from "./log-line.js";
export { type LogMatch, type LogParts, logMatches } from "./log-match.js";
export { received } from "./received.js";
export { type SpanMatch, type SpanParts, spanMatches } from "./span-match.js";
export { testCall } from "./test-call.js";
export type {
  BiDiStreamingTestCall,
  ClientStreamingTestCall,
  ServerStreamingTestCall,
  TestCall,
  TestCallBase,
  TestCallOptions,
  TestResponse,
  UnaryTestCall,
  WithAnswers,
  WithRequests,
  WithResponse,
} from "./test-call-types.js";
export { type TestLogger, type TestLoggerOptions, testLogger } from "./test-logger.js";
export type { TestSpan } from "./test-span.js";
