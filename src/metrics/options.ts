import type { DescMethod } from "@bufbuild/protobuf";
import type { MeterProvider } from "@opentelemetry/api";
import { checkOptions, withMethods } from "../call/check-options.js";
import { compileFilter, type MethodFilter } from "../call/method-filter.js";
import { isOperation } from "../call/operations.js";

/** The `metrics` options of the interceptors. */
export interface MetricsOptions {
  /** Default: the global meter provider, as it is when a call begins. */
  readonly meterProvider?: MeterProvider;
  /** The methods that are measured. Default: all but those of health, reflection and debug services. */
  readonly filter?: MethodFilter;
}

/** Options, checked and complete. */
export interface ResolvedMetricsOptions {
  readonly meterProvider: MeterProvider | undefined;
  readonly isMeasured: (method: DescMethod) => boolean;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolveMetricsOptions(options: MetricsOptions): ResolvedMetricsOptions {
  checkOptions("metrics", options, { meterProvider: withMethods("getMeter"), filter: undefined });
  const { meterProvider, filter = (method: DescMethod) => !isOperation(method) } = options;
  return { meterProvider, isMeasured: compileFilter(filter, "metrics.filter") };
}
