export type { PayloadFormat, PayloadOptions } from "./options.js";
export { type PayloadLog, payloadLog } from "./payload-log.js";
export { type RedactedJsonOptions, redactedJson } from "./redacted-json.js";
