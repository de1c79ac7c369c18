import { metrics as otel } from "@opentelemetry/api";
import { testMetrics } from "connect-clue/testing-telemetry";
import { describe, expect, it } from "vitest";
import { sideMetrics } from "./side-metrics.js";

describe("the metrics of one side", () => {
  it("are one in each provider, and none where it measures nothing", () => {
    const provider = testMetrics().options.meterProvider;
    const server = sideMetrics(provider, "server");
    expect(server).toBeDefined();
    expect(sideMetrics(provider, "server")).toBe(server);
    expect(sideMetrics(provider, "client")).not.toBe(server);
    expect(sideMetrics(testMetrics().options.meterProvider, "server")).not.toBe(server);
    expect(sideMetrics(otel.getMeterProvider(), "server")).toBeUndefined();
  });

  it("tell a thousand methods by name, and all others as one", async () => {
    const metrics = testMetrics();
    const server = sideMetrics(metrics.options.meterProvider, "server");
    for (let i = 0; i < 1500; i++) server?.method(`test.Service/Method${i}`).callBegins();
    server?.method("test.Service/Method0").callBegins();
    const { points = [] } = (await metrics.collect())["clue.rpc.server.active_calls"] ?? {};
    expect(points.length).toBe(1001);
    const point = (method: string, value: number) => ({
      attributes: { "rpc.system.name": "connectrpc", "rpc.method": method },
      value,
    });
    expect([points[0], points[999], points[1000]]).toEqual([
      point("test.Service/Method0", 2),
      point("test.Service/Method999", 1),
      point("_OTHER", 500),
    ]);
  });
});
