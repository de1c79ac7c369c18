export { chain } from "./chain.js";
export { nodeContextValues } from "./context-values.js";
export { type DrainReport, drain } from "./drain.js";
export { type DrainOnSignalsOptions, drainOnSignals } from "./drain-on-signals.js";
export type { DrainOptions } from "./drain-options.js";
export type { RequestInFlight } from "./exchange.js";
export { createNodeServer, type ListeningAt, type NodeServer } from "./node-server.js";
export type {
  Limits,
  ListenOptions,
  NodeRequestHandler,
  NodeServerOptions,
  PrivateListenerOptions,
} from "./node-server-options.js";
