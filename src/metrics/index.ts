export type { MetricsOptions } from "./options.js";
