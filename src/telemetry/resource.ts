import type { Attributes } from "@opentelemetry/api";
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  processDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { describe } from "../call/options.js";
import type { ResourceLike } from "./sdk-types.js";

/** What is to be known of the service. */
export interface ResourceOptions {
  readonly service?: string;
  readonly version?: string;
  readonly resource?: Attributes | ResourceLike;
  readonly detectResource?: boolean;
}

/**
 * Makes the resource that all spans and metrics carry. What code says wins over the environment, and that over what is
 * detected.
 *
 * @throws TypeError when nothing names the service
 */
export function makeResource({
  service,
  version,
  resource,
  detectResource = true,
}: ResourceOptions): Resource {
  const detectors = detectResource
    ? [unsecret(hostDetector), unsecret(processDetector), serviceInstanceIdDetector, envDetector]
    : [envDetector];
  const named = detectResources({ detectors })
    .merge(resource === undefined ? null : asResource(resource))
    .merge(resourceFromAttributes(serviceAttributes(service, version)));
  if (!named.getRawAttributes().some(([key, value]) => key === serviceName && value)) {
    throw new TypeError(
      `configureOpenTelemetry: service: expected the service's name, here or in OTEL_SERVICE_NAME, got ${describe(service)}`,
    );
  }
  return defaultResource().merge(named);
}

const serviceName = "service.name";

/** A token on the command line must not reach whoever sees the metrics. */
const secrets = ["host.id", "process.command", "process.command_args", "process.owner"];

/** A detector that keeps to itself what may be secret. */
function unsecret(detector: ResourceDetector): ResourceDetector {
  return {
    detect(config) {
      const attributes = { ...detector.detect(config).attributes };
      for (const key of secrets) {
        // It may be still to come and fail, of which nobody else would hear.
        Promise.resolve(attributes[key]).catch(() => {});
        delete attributes[key];
      }
      return { attributes };
    },
  };
}

function serviceAttributes(service: string | undefined, version: string | undefined): Attributes {
  return {
    ...(service !== undefined && { [serviceName]: service }),
    ...(version !== undefined && { "service.version": version }),
  };
}

function asResource(resource: Attributes | ResourceLike): Resource {
  if (!isResource(resource)) return resourceFromAttributes(resource);
  return isReal(resource) ? resource : resourceFromAttributes(resource.attributes);
}

/** No attribute is an object, but for arrays. */
function isResource(resource: Attributes | ResourceLike): resource is ResourceLike {
  return typeof resource.attributes === "object" && !Array.isArray(resource.attributes);
}

/** The SDK's own may have attributes that are still to come: these it must merge itself. */
function isReal(resource: ResourceLike): resource is Resource {
  return "getRawAttributes" in resource;
}
