import type { DescMethod } from "@bufbuild/protobuf";

/**
 * Whether a method serves the operation of the process rather than its users: health checks, reflection and the
 * debug service. Spans and metrics leave these out by default: probes come every few seconds and tell nothing of
 * the load.
 */
export function isOperation(method: DescMethod): boolean {
  const service = method.parent.typeName;
  return operations.some((prefix) => service.startsWith(prefix));
}

/** Whether a service is the kit's debug service. */
export function isDebugService(service: string): boolean {
  return service.startsWith(debugServices);
}

const debugServices = "clue.debug.";
const operations = ["grpc.health.v1.", "grpc.reflection.", debugServices];
