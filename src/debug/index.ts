export { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
export { type Authorize, bearerToken, privateListener } from "./authorizers.js";
export { type DebugHandlerOptions, debugHandler } from "./debug-handler.js";
export { type DebugOptions, debugRoutes } from "./debug-routes.js";
export type { GateOptions } from "./gate.js";
export { type PprofHandlerOptions, pprofHandler } from "./pprof-handler.js";
