import { createTraceState, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { fakeClock } from "connect-clue/fake-clock";
import { testSpans } from "connect-clue/testing-telemetry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adjustedCount,
  answer,
  ask,
  contextIn,
  luckyId,
  randomOf,
  traceIdOf,
  unluckyId,
} from "../../test/support/sampling.js";
import { adaptiveSampler, adaptiveSamplerOn } from "./adaptive-sampler.js";
import { Decision } from "./sdk-types.js";

/** Asks a sampler about calls at these times, in seconds. */
function calls(times: readonly number[], seed: number) {
  let nowMs = 0;
  const sampler = adaptiveSamplerOn(() => nowMs, {});
  const random = randomOf(seed);
  return times.map((time) => {
    nowMs = time * 1000;
    return ask(sampler, traceIdOf(random));
  });
}

const isSampled = ({ decision }: { decision: number }) => decision === Decision.recordAndSample;

describe("the adaptive sampler", () => {
  it("samples two traces a second whole, and says so", () => {
    const results = calls(
      Array.from({ length: 100 }, (_, i) => i / 2),
      1,
    );
    expect(new Set(results.map(answer))).toEqual(new Set(["sample ot=th:0"]));
  });

  it("samples two of a hundred a second, and says what they stand for", () => {
    const times = Array.from({ length: 100 * 300 }, (_, i) => i / 100);
    const sampled = calls(times, 2).filter(isSampled);
    expect(Math.abs(sampled.length / 600 - 1)).toBeLessThan(0.05);
    const recovered = sampled.map(adjustedCount).reduce((sum, count) => sum + count);
    expect(Math.abs(recovered / times.length - 1)).toBeLessThan(0.1);
  });

  it("recovers the counts of any load from the thresholds, on average", () => {
    const gaps = fc.array(fc.tuple(fc.constantFrom(0, 0.01, 0.1, 1, 10), fc.integer({ min: 1, max: 100 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(gaps, (gaps) => {
        let time = 0;
        const times = gaps.flatMap(([gap, count]) =>
          Array.from({ length: count }, () => {
            time += gap;
            return time;
          }),
        );
        let recovered = 0;
        for (let seed = 1; seed <= 200; seed++) {
          for (const result of calls(times, seed).filter(isSampled)) recovered += adjustedCount(result);
        }
        expect(Math.abs(recovered / (200 * times.length) - 1)).toBeLessThan(0.2);
      }),
      { numRuns: 20 },
    );
  });

  it("knows the time by itself", async (t) => {
    const clock = fakeClock({ test: t });
    const sampler = adaptiveSampler({ maxRate: 1, sampleSize: 3 });
    const five = () => Array.from({ length: 5 }, () => adjustedCount(ask(sampler, luckyId)));
    const counts = [1, 1, 1, 1, expect.closeTo(Math.E)];
    expect(five()).toEqual(counts);
    await clock.advance(5000);
    expect(five()).toEqual(counts);
  });

  it("does not count what it does not sample", () => {
    const sampler = adaptiveSampler({ maxRate: 0.001, sampleSize: 1 });
    const first = [ask(sampler, luckyId), ask(sampler, luckyId), ask(sampler, luckyId)].map(adjustedCount);
    for (let i = 0; i < 1000; i++) expect(answer(ask(sampler, unluckyId))).toBe("drop");
    expect(adjustedCount(ask(sampler, luckyId)) / (first[2] ?? 0)).toBeCloseTo(Math.E, 1);
  });

  it("keeps randomness and the members of others in the tracestate", () => {
    const sampler = adaptiveSampler({ parentBased: false });
    const parent = contextIn({
      sampled: false,
      traceState: createTraceState("a=b,ot=rv:ffffffffffffff;k:v;th:8"),
    });
    expect(answer(ask(sampler, unluckyId, parent))).toBe("sample ot=rv:ffffffffffffff;k:v;th:0,a=b");
  });

  it("names itself and its settings", () => {
    expect(`${adaptiveSampler()}`).toBe("ParentBased{Adaptive{maxRate=2,sampleSize=10}}");
    expect(`${adaptiveSampler({ maxRate: 5, sampleSize: 50, parentBased: false })}`).toBe(
      "Adaptive{maxRate=5,sampleSize=50}",
    );
  });
});

describe("a span with a parent", () => {
  const exhausted = () => {
    const sampler = adaptiveSampler({ maxRate: 1e-9, sampleSize: 1 });
    for (let i = 0; i < 5; i++) ask(sampler, luckyId);
    return sampler;
  };

  it.each([true, false])("follows it, remote: %s", (remote) => {
    const traceState = createTraceState("ot=th:8,a=b");
    const follow = (sampled: boolean) =>
      ask(exhausted(), unluckyId, contextIn({ sampled, remote, traceState }));
    expect(follow(true)).toEqual({ decision: Decision.recordAndSample });
    expect(follow(false)).toEqual({ decision: Decision.notRecord });
  });

  it("costs the budget nothing", () => {
    const sampler = adaptiveSampler({ maxRate: 1e-9, sampleSize: 1 });
    for (let i = 0; i < 100; i++) ask(sampler, unluckyId, contextIn({ sampled: true }));
    expect(answer(ask(sampler, unluckyId))).toBe("sample ot=th:0");
  });

  it("is a root when the parent is none", () => {
    const invalid = trace.setSpanContext(ROOT_CONTEXT, { traceId: "0", spanId: "0", traceFlags: 1 });
    expect(answer(ask(adaptiveSampler(), unluckyId, invalid))).toBe("sample ot=th:0");
  });

  it("is decided about like any other with parentBased: false", () => {
    const sampler = adaptiveSampler({ parentBased: false });
    expect(answer(ask(sampler, unluckyId, contextIn({ sampled: false })))).toBe("sample ot=th:0");
  });
});

describe("in OpenTelemetry's SDK", () => {
  it("children have their root's threshold", () => {
    const spans = testSpans({ sampler: adaptiveSampler({ maxRate: 1, sampleSize: 1 }) });
    const tracer = spans.options.tracerProvider.getTracer("test");
    const root = tracer.startSpan("root");
    tracer.startSpan("child", {}, trace.setSpan(ROOT_CONTEXT, root)).end();
    root.end();
    const states = spans.finished().map((span) => span.spanContext().traceState?.serialize());
    expect(states).toEqual(["ot=th:0", "ot=th:0"]);
  });
});

describe("the options", () => {
  it.each([
    [{ maxRate: 0 }, "adaptiveSampler: maxRate: expected a number greater than 0, got 0"],
    [
      { maxRate: Number.POSITIVE_INFINITY },
      "adaptiveSampler: maxRate: expected a number greater than 0, got Infinity",
    ],
    [{ maxRate: "2" }, 'adaptiveSampler: maxRate: expected a number greater than 0, got "2"'],
    [{ sampleSize: -1 }, "adaptiveSampler: sampleSize: expected a number greater than 0, got -1"],
    [{ sampleSize: Number.NaN }, "adaptiveSampler: sampleSize: expected a number greater than 0, got NaN"],
    [{ parentBased: 1 }, "adaptiveSampler: parentBased: expected true or false, got 1"],
    [{ rate: 1 }, 'adaptiveSampler: there is no option "rate"; there are maxRate, sampleSize, parentBased'],
  ])("%j: %s", (options, message) => {
    expect(() => adaptiveSampler(options as object)).toThrow(new TypeError(message));
  });
});
