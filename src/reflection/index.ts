export { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
export { type ReflectionOptions, reflectionRoutes } from "./routes.js";
