import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { fakeClock } from "../fake-clock/index.js";
import { serverInterceptor } from "../index.js";
import { testCall } from "../testing/index.js";
import { testMetrics } from "./index.js";

describe("testMetrics", () => {
  it("collects metrics of all types, whole", async () => {
    const metrics = testMetrics();
    const meter = metrics.options.meterProvider.getMeter("test");
    meter.createCounter("counter", { unit: "{call}" }).add(1, { a: "b" });
    meter.createUpDownCounter("open").add(-1);
    meter.createHistogram("sizes", { unit: "By" }).record(0.1);
    meter.createHistogram("sizes", { unit: "By" }).record(0.2);
    meter.createHistogram("times", { unit: "s" }).record(0.5);
    meter.createObservableGauge("gauge").addCallback((result) => result.observe(7));
    const times = { type: "histogram", unit: "s" };
    const expected = {
      counter: { type: "counter", unit: "{call}", points: [{ attributes: { a: "b" }, value: 1 }] },
      open: { type: "up_down_counter", unit: "", points: [{ attributes: {}, value: -1 }] },
      sizes: { type: "histogram", unit: "By", points: [{ attributes: {}, value: { count: 2, sum: 0.3 } }] },
      times: { ...times, points: [{ attributes: {}, value: { count: 1 } }] },
      gauge: { type: "gauge", unit: "", points: [{ attributes: {}, value: 7 }] },
    };
    expect(await metrics.collect()).toEqual(expected);
    expect(await metrics.collect({ durations: true })).toEqual({
      ...expected,
      times: { ...times, points: [{ attributes: {}, value: { count: 1, sum: 0.5 } }] },
    });
  });

  it("collects what came since the last time, when asked to", async () => {
    const metrics = testMetrics({ temporality: "delta" });
    const counter = metrics.options.meterProvider.getMeter("test").createCounter("n");
    const collected = async () => (await metrics.collect()).n?.points.map(({ value }) => value);
    counter.add(2);
    expect(await collected()).toEqual([2]);
    counter.add(3);
    expect(await collected()).toEqual([3]);
    expect(await collected()).toBeUndefined();
  });

  it("measures a call, to the millisecond where the clock is the test's", async (t) => {
    const clock = fakeClock({ test: t });
    const metrics = testMetrics();
    const interceptors = [serverInterceptor({ log: false, metrics: metrics.options })];
    const slow = () => new Promise<object>((resolve) => setTimeout(resolve, 250, {}));
    const call = testCall(ChatService.method.say, slow, { interceptors });
    await clock.advance(250);
    await call.response;
    const { "rpc.server.call.duration": duration } = await metrics.collect({ durations: true });
    expect(duration).toEqual({
      type: "histogram",
      unit: "s",
      points: [
        {
          attributes: expect.objectContaining({ "rpc.method": "chat.v1.ChatService/Say" }),
          value: { count: 1, sum: 0.25 },
        },
      ],
    });
  });

  it("has no port that the system chose", async () => {
    const metrics = testMetrics();
    const counter = metrics.options.meterProvider.getMeter("test").createCounter("n");
    counter.add(1, { "server.port": 40_000 });
    counter.add(2, { "server.port": 443 });
    expect((await metrics.collect()).n?.points).toEqual([
      { attributes: { "server.port": "<port>" }, value: 1 },
      { attributes: { "server.port": 443 }, value: 2 },
    ]);
  });

  it("tells of a callback that fails", async () => {
    const metrics = testMetrics();
    const broken = new Error("broken");
    metrics.options.meterProvider
      .getMeter("test")
      .createObservableGauge("g")
      .addCallback(() => {
        throw broken;
      });
    await expect(metrics.collect()).rejects.toThrow(
      new AggregateError([broken], "testMetrics: a metric could not be collected"),
    );
  });

  it("checks its options", async () => {
    expect(() => testMetrics({ temporality: "total" as never })).toThrow(
      new TypeError('testMetrics: temporality: expected "cumulative" or "delta", got "total"'),
    );
    await expect(testMetrics().collect({ duration: true } as never)).rejects.toThrow(
      new TypeError('collect: there is no option "duration"; there are durations'),
    );
  });
});
