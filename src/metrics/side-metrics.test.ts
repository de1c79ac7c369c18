import { metrics } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { MetricCollector } from "../../test/support/metric-collector.js";
import { sideMetrics } from "./side-metrics.js";

describe("the metrics of one side", () => {
  it("are one in each provider, and none where it measures nothing", () => {
    const { provider } = new MetricCollector();
    const server = sideMetrics(provider, "server");
    expect(server).toBeDefined();
    expect(sideMetrics(provider, "server")).toBe(server);
    expect(sideMetrics(provider, "client")).not.toBe(server);
    expect(sideMetrics(new MetricCollector().provider, "server")).not.toBe(server);
    expect(sideMetrics(metrics.getMeterProvider(), "server")).toBeUndefined();
  });

  it("tell a thousand methods by name, and all others as one", async () => {
    const collector = new MetricCollector();
    const server = sideMetrics(collector.provider, "server");
    for (let i = 0; i < 1500; i++) server?.method(`test.Service/Method${i}`).callBegins();
    server?.method("test.Service/Method0").callBegins();
    const active = (await collector.values())["clue.rpc.server.active_calls"] ?? [];
    expect(active.length).toBe(1001);
    expect([active[0], active[999], active[1000]]).toEqual([
      [{ "rpc.system.name": "connectrpc", "rpc.method": "test.Service/Method0" }, 2],
      [{ "rpc.system.name": "connectrpc", "rpc.method": "test.Service/Method999" }, 1],
      [{ "rpc.system.name": "connectrpc", "rpc.method": "_OTHER" }, 500],
    ]);
  });
});
