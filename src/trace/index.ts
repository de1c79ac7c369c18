export type { CarrierKind } from "./carrier.js";
export type { TraceOptions } from "./options.js";
