import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { metricsObserver } from "./observer.js";
import { resolveMetricsOptions } from "./options.js";

describe("the metrics options", () => {
  it.each<[object, string]>([
    [{ provider: 1 }, 'metrics: there is no option "provider"; there are meterProvider, filter'],
    [{ meterProvider: {} }, "metrics.meterProvider: expected an object with getMeter, got an object"],
    [{ meterProvider: null }, "metrics.meterProvider: expected an object with getMeter, got null"],
    [{ filter: 1 }, 'metrics.filter: expected a glob such as "chat.v1.*" or a function of the method, got 1'],
  ])("that are wrong are named: %o", (options, message) => {
    expect(() => metricsObserver("server", options)).toThrow(new TypeError(message));
  });

  it.each([
    ["chat.v1.ChatService", true],
    ["grpc.health.v1.Health", false],
  ])("measure %s by default: %s", (typeName, isMeasured) => {
    const method = { ...ChatService.method.say, parent: { ...ChatService, typeName } };
    expect(resolveMetricsOptions({}).isMeasured(method)).toBe(isMeasured);
    expect(resolveMetricsOptions({ filter: "*" }).isMeasured(method)).toBe(true);
  });
});
