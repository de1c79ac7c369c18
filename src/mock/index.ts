export type { WaitingOptions } from "./awaited.js";
export { createMock } from "./create-mock.js";
export type { Expected } from "./message-matcher.js";
export { MockError } from "./mock-error.js";
export {
  type ObjectCall,
  type ObjectMethod,
  type ObjectMethodName,
  ObjectMock,
  type ObjectMockOptions,
} from "./object-mock.js";
export type { MockOptions } from "./options.js";
export type { RecordedCall, RecordedEvent } from "./recorded-call.js";
export type {
  AnswerScript,
  AnswersScript,
  BidiScript,
  ClientStreamScript,
  Script,
  ScriptSteps,
  ServerStreamScript,
  UnaryScript,
} from "./script.js";
export { type MethodName, type MockHandler, type MockTransportOptions, ServiceMock } from "./service-mock.js";
export { delay, fail, never, type Step } from "./step.js";
export { stream } from "./stream.js";
export type { TestContext } from "./test-end.js";
