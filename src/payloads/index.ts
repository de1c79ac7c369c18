export type { PayloadFormat, PayloadOptions } from "./options.js";
export { type RedactedJsonOptions, redactedJson } from "./redacted-json.js";
