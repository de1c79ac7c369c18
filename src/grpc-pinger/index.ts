export type { PingerOptions } from "../health/pinger.js";
export type { Dependency } from "../health/types.js";
export { type GrpcPingerOptions, type GrpcPingerTls, grpcPinger } from "./grpc-pinger.js";
