import { execFileSync } from "node:child_process";
import { totalmem } from "node:os";
import { getHeapSpaceStatistics } from "node:v8";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { afterEach, describe, expect, it, vi } from "vitest";
import { root } from "../../test/support/built.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { until } from "../../test/support/until.js";
import { scopeVersion } from "../call/scope.js";
import { EventLoopWatch } from "./event-loop-watch.js";
import { GarbageWatch } from "./garbage-watch.js";
import { RuntimeWatch } from "./runtime.js";

afterEach(() => void vi.restoreAllMocks());

describe("RuntimeWatch", () => {
  it("tells how the process is", () => {
    const watch = new RuntimeWatch();
    watch.start();
    const response = watch.response();
    expect(response).toMatchObject({
      version: scopeVersion,
      nodeVersion: process.version,
      pid: process.pid,
      calls: { server: 0, client: 0, clientGone: 0 },
      buffers: { lines: 0n, bytes: 0n },
      viewers: 0,
      linesLostBySinks: 0n,
      linesLostByViewers: 0n,
    });
    expect(response.uptime && durationMs(response.uptime)).toBeGreaterThan(0);
    const { memory } = response;
    expect(Object.keys(memory?.spaces ?? {})).toEqual(
      getHeapSpaceStatistics().map(({ space_name }) => space_name),
    );
    for (const size of [memory?.rss, memory?.heapUsed, memory?.heapTotal, memory?.heapLimit]) {
      expect(size).toBeGreaterThan(0n);
    }
  });

  it("leaves out what was not watched", () => {
    const { eventLoop, garbageCollection } = new RuntimeWatch().response();
    expect([eventLoop, garbageCollection]).toEqual([undefined, {}]);
  });

  it.each<[what: string, bytes: number, constrained: bigint | undefined]>([
    ["a limit", 512 * 1024 * 1024, 536_870_912n],
    ["none, said as 0", 0, undefined],
    ["none, said as more than there is", 2 ** 64, undefined],
    ["the whole machine", totalmem(), BigInt(totalmem())],
  ])("tells the container's limit: %s", (_, bytes, constrained) => {
    vi.spyOn(process, "constrainedMemory").mockReturnValue(bytes);
    expect(new RuntimeWatch().response().memory?.constrained).toBe(constrained);
  });

  it("counts the calls in flight, and apart from them those whose client has gone", () => {
    const calls = [callByHand(), callByHand(), callByHand({ side: "client" })];
    endWith(calls[1] ?? callByHand(), "canceled");
    expect(new RuntimeWatch().response().calls).toMatchObject({ server: 1, client: 1, clientGone: 1 });
    for (const call of calls) {
      endWith(call, "ok");
      call.handlerDone();
    }
    expect(new RuntimeWatch().response().calls).toMatchObject({ server: 0, client: 0, clientGone: 0 });
  });

  it("counts what keeps the event loop alive by type", () => {
    const timers = [setTimeout(() => {}, 1000), setTimeout(() => {}, 1000)];
    const before = new RuntimeWatch().response().activeResources;
    for (const timer of timers) clearTimeout(timer);
    const { Timeout = 0 } = new RuntimeWatch().response().activeResources;
    expect(before.Timeout).toBe(Timeout + 2);
  });

  it("keeps no process alive", () => {
    const script = `
      import { createClient, createRouterTransport } from "@connectrpc/connect";
      import { createLogger } from "connect-clue";
      import { DebugService, debugRoutes } from "connect-clue/debug";
      createLogger({ sink: { write() {} } }); // for the audit lines
      const routes = debugRoutes({ authorize: () => "test" });
      const { eventLoop } = await createClient(DebugService, createRouterTransport(routes)).getRuntime({});
      console.log(eventLoop !== undefined);`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
      timeout: 15_000,
    });
    expect(output.toString()).toBe("true\n");
  });
});

describe("EventLoopWatch", () => {
  it("sees how long the event loop stood still", async () => {
    const watch = new EventLoopWatch(5);
    await until(() => watch.delays.samples > 1);
    const end = performance.now() + 200;
    while (performance.now() < end);
    const { samples } = watch.delays;
    await until(() => watch.delays.samples > samples);
    watch.stop();
    const { max, mean } = watch.delays;
    expect(max).toBeGreaterThanOrEqual(190);
    expect(watch.delays.percentile(100)).toBe(max);
    expect(mean).toBeLessThan(max);
    expect(watch.utilization).toBeGreaterThan(0);
    expect(watch.utilization).toBeLessThanOrEqual(1);
    expect(watch.elapsedMs).toBeGreaterThanOrEqual(200);
  });

  it("has no delays before it has looked", () => {
    const { delays, utilization } = new EventLoopWatch(1000);
    expect([delays.samples, delays.mean, delays.max, delays.percentile(50)]).toEqual([0, 0, 0, 0]);
    expect(utilization).toBeGreaterThanOrEqual(0);
  });
});

describe("GarbageWatch", () => {
  it("counts the collections by kind", async () => {
    const watch = new GarbageWatch();
    await until(() => {
      Array.from({ length: 10_000 }, () => ({}));
      return watch.collections.has("minor");
    });
    const { count, totalMs, longestMs } = watch.collections.get("minor") ?? {
      count: 0,
      totalMs: 0,
      longestMs: 0,
    };
    expect(count).toBeGreaterThan(0);
    expect(longestMs).toBeGreaterThan(0);
    expect(totalMs).toBeGreaterThanOrEqual(longestMs);
    expect([...watch.collections.keys()].filter((kind) => !kinds.includes(kind))).toEqual([]);
  });
});

const kinds = ["minor", "major", "incremental", "weak_callbacks"];
