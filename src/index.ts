export { codeName } from "./call/code.js";
export type { ForceOptions } from "./call/force.js";
export type { MethodFilter } from "./call/method-filter.js";
export type {
  CallInfo,
  CallObserver,
  CallObserverFactory,
  FailureOutcome,
  Outcome,
  OutcomeBase,
  RpcKind,
  RpcProtocol,
  Side,
  SuccessOutcome,
} from "./call/types.js";
export { withInterceptor } from "./call/with-interceptor.js";
export {
  type ContextLike,
  callOptions,
  contextOf,
  type EachMessage,
  eachMessage,
  receive,
  send,
} from "./context/index.js";
export { clientInterceptor, type InterceptorOptions, serverInterceptor } from "./interceptors.js";
export {
  type AccessLine,
  annotate,
  createLogger,
  type DebugOption,
  type EntrySink,
  type Field,
  type Fields,
  formatJson,
  formatTerminal,
  formatText,
  type LogEntry,
  type LogFormat,
  type LogFormatOption,
  type Logger,
  type LoggerOptions,
  type LogKeys,
  type LogOptions,
  type LogOutput,
  type LogValue,
  logger,
  type RequestIdOptions,
  type RootLogger,
  type Severity,
  type Sink,
  type SinkOption,
  withFields,
  withLogger,
} from "./log/index.js";
export type { MetricsOptions } from "./metrics/index.js";
export {
  type PayloadFormat,
  type PayloadLog,
  type PayloadOptions,
  payloadLog,
  type RedactedJsonOptions,
  redactedJson,
} from "./payloads/index.js";
export type { CarrierKind, TraceOptions } from "./trace/index.js";
