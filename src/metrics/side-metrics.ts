import { createNoopMeter, type Meter, type MeterProvider } from "@opentelemetry/api";
import { scopeName, scopeVersion } from "../call/scope.js";
import { shared } from "../call/shared.js";
import type { Side } from "../call/types.js";
import { createHistograms, createObservables, type Histograms } from "./instruments.js";
import { MethodMetrics } from "./method-metrics.js";

/** The metrics of all methods of one side, in one meter provider. */
export class SideMetrics {
  private readonly histograms: Histograms;
  private readonly methods = new Map<string, MethodMetrics>();

  constructor(
    meter: Meter,
    private readonly side: Side,
  ) {
    this.histograms = createHistograms(meter, side);
    const observables = createObservables(meter, side);
    meter.addBatchObservableCallback((result) => {
      for (const method of this.methods.values()) method.observe(result, observables);
    }, Object.values(observables));
  }

  /**
   * The metrics of a method. A client may be given any number of them at run time: those beyond the first ones are one.
   *
   * @param path - `service/method`
   */
  method(path: string): MethodMetrics {
    return this.methods.get(path) ?? this.added(this.methods.size < maxMethods ? path : otherMethod);
  }

  private added(name: string): MethodMetrics {
    const method = this.methods.get(name) ?? new MethodMetrics(this.side, this.histograms, name);
    this.methods.set(name, method);
    return method;
  }
}

/**
 * The metrics of one side in a meter provider, the same for all interceptors of the process: what two of them count
 * adds up, where two observations of one value would exclude each other.
 *
 * @returns undefined where the provider measures nothing
 */
export function sideMetrics(provider: MeterProvider, side: Side): SideMetrics | undefined {
  let sides = providers.get(provider);
  if (sides === undefined) {
    sides = { server: undefined, client: undefined };
    providers.set(provider, sides);
  }
  sides[side] ??= createSideMetrics(provider, side);
  return sides[side];
}

const providers = shared(
  "metrics",
  () => new WeakMap<MeterProvider, Record<Side, SideMetrics | undefined>>(),
);

function createSideMetrics(provider: MeterProvider, side: Side): SideMetrics | undefined {
  const meter = provider.getMeter(scopeName, scopeVersion);
  return meter === createNoopMeter() ? undefined : new SideMetrics(meter, side);
}

/** What the convention calls a method that is not counted by its name. */
const otherMethod = "_OTHER";

/** How many methods of one side are measured by name. */
const maxMethods = 1000;
