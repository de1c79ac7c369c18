import { createTraceState, ROOT_CONTEXT } from "@opentelemetry/api";
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
import { probabilitySampler, promoted, sampleBy } from "./probability.js";
import { Decision } from "./sdk-types.js";

const thresholdOf = (probability: number) =>
  sampleBy(probability, ROOT_CONTEXT, luckyId).traceState?.serialize().replace("ot=th:", "");
const probability = fc.double({ min: 2 ** -52, max: 1, noNaN: true });
const hexDigit = fc.constantFrom(..."0123456789abcdef");
const traceId = fc.string({ unit: hexDigit, minLength: 32, maxLength: 32 });

describe("a threshold", () => {
  // From 1 / 2 on the table of the specification, at its recommended precision.
  it.each([
    [1, "0"],
    [0.99, "028f"],
    [0.99999, "0001"],
    [0.999999, "0"],
    [1 / 2, "8"],
    [1 / 3, "aaab"],
    [1 / 4, "c"],
    [1 / 5, "cccd"],
    [1 / 8, "e"],
    [1 / 10, "e666"],
    [1 / 16, "f"],
    [1 / 100, "fd70a"],
    [1 / 1000, "ffbe77"],
    [1 / 10_000, "fff9724"],
    [1 / 100_000, "ffff583a"],
    [1 / 1_000_000, "ffffef39"],
  ])("of the probability %d is %s", (probability, threshold) => {
    expect(thresholdOf(probability)).toBe(threshold);
  });

  it.each([2 ** -52, 2 ** -56, Number.MIN_VALUE])("of the probability %d still samples", (probability) => {
    expect(thresholdOf(probability)).toBe("fffffffffffff");
  });

  it("is within a ten-thousandth of the probability", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1, noNaN: true }), (probability) => {
        const count = adjustedCount(sampleBy(probability, ROOT_CONTEXT, luckyId));
        expect(Math.abs(count * probability - 1)).toBeLessThan(1.3e-4);
      }),
    );
  });
});

describe("sampling by probability", () => {
  it("samples what the threshold says, by the last 56 bits of the trace id", () => {
    fc.assert(
      fc.property(probability, traceId, (probability, id) => {
        const threshold = BigInt(`0x${thresholdOf(probability)?.padEnd(14, "0")}`);
        const isSampled = sampleBy(probability, ROOT_CONTEXT, id).decision === Decision.recordAndSample;
        expect(isSampled).toBe(BigInt(`0x${id.slice(18)}`) >= threshold);
      }),
    );
  });

  it("is consistent: what a probability samples, a higher one does, too", () => {
    fc.assert(
      fc.property(probability, probability, traceId, (one, other, id) => {
        const lower = sampleBy(Math.min(one, other), ROOT_CONTEXT, id).decision;
        const higher = sampleBy(Math.max(one, other), ROOT_CONTEXT, id).decision;
        expect(higher).toBeGreaterThanOrEqual(lower);
      }),
    );
  });

  it("goes by the randomness of the tracestate where there is one", () => {
    const lucky = contextIn({ sampled: true, traceState: createTraceState("ot=rv:ffffffffffffff") });
    const unlucky = contextIn({ sampled: true, traceState: createTraceState("ot=rv:00000000000000") });
    expect(answer(sampleBy(0.5, lucky, unluckyId))).toBe("sample ot=rv:ffffffffffffff;th:8");
    expect(answer(sampleBy(0.5, unlucky, luckyId))).toBe("drop ot=rv:00000000000000");
  });

  it.each(["rv:fffffffffffff", "rv:fffffffffffffff", "rv:FFFFFFFFFFFFFF", "rv:gfffffffffffff", "rv:"])(
    "takes no %s for randomness",
    (entry) => {
      const context = contextIn({ sampled: true, traceState: createTraceState(`ot=${entry}`) });
      expect(sampleBy(0.5, context, unluckyId).decision).toBe(Decision.notRecord);
    },
  );

  it("hands on the rest of the tracestate, and no threshold of a parent", () => {
    const parent = contextIn({ sampled: true, traceState: createTraceState("vendor=x,ot=th:c;k:1") });
    expect(answer(sampleBy(0.5, parent, luckyId))).toBe("sample ot=k:1;th:8,vendor=x");
    expect(answer(sampleBy(0.5, parent, unluckyId))).toBe("drop ot=k:1,vendor=x");
  });

  it("says nothing of a root that is not sampled", () => {
    expect(sampleBy(0.5, ROOT_CONTEXT, unluckyId)).toEqual({ decision: Decision.notRecord });
  });
});

describe("the probability sampler", () => {
  it.each([
    [1, 1],
    [0.5, 0.5],
    [0.01, 0.01],
    [0, 0],
  ])("samples the part %d of all traces", (probability, part) => {
    const sampler = probabilitySampler(probability);
    const random = randomOf(1);
    let sampled = 0;
    for (let i = 0; i < 20_000; i++) sampled += ask(sampler, traceIdOf(random)).decision / 2;
    expect(Math.abs(sampled / 20_000 - part)).toBeLessThan(0.01);
  });

  it("takes the threshold of a parent out when it never samples", () => {
    const parent = contextIn({ sampled: true, traceState: createTraceState("ot=th:c,vendor=x") });
    expect(answer(ask(probabilitySampler(0), luckyId, parent))).toBe("drop vendor=x");
  });

  it("names itself", () => {
    expect(`${probabilitySampler(0.25)}`).toBe("Probability{0.25}");
  });
});

describe("a decision for another reason", () => {
  const attributes = { a: 1 };

  it("keeps the attributes and drops the threshold, the sampler's own and the parent's", () => {
    const own = { decision: 0, attributes, traceState: createTraceState("ot=th:8,vendor=x") };
    const parent = contextIn({ sampled: false, traceState: createTraceState("ot=th:4;k:1") });
    expect(promoted(own, Decision.record, parent)).toEqual({
      decision: Decision.record,
      attributes,
      traceState: createTraceState("vendor=x"),
    });
    expect(answer(promoted({ decision: 0 }, Decision.recordAndSample, parent))).toBe("sample ot=k:1");
  });

  it("adds no tracestate where there is none", () => {
    const plain = promoted({ decision: 0, attributes }, Decision.record, ROOT_CONTEXT);
    expect(plain).toEqual({ decision: Decision.record, attributes });
  });
});
