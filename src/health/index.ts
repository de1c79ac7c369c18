export { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
export type { CheckerOptions } from "./checker-options.js";
export { createChecker } from "./create-checker.js";
export { type HealthHandlerOptions, healthHandler } from "./health-handler.js";
export { healthRoutes } from "./health-routes.js";
export { type HttpPingerOptions, httpPinger } from "./http-pinger.js";
export type { PingerOptions } from "./pinger.js";
export { tcpPinger } from "./tcp-pinger.js";
export type {
  Checker,
  CheckOptions,
  Dependency,
  DependencyReport,
  HealthReport,
  ServingStatus,
} from "./types.js";
