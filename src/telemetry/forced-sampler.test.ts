import { createTraceState, ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { callByHand } from "../../test/support/hand-made-call.js";
import { answer, ask, contextIn, luckyId } from "../../test/support/sampling.js";
import { forcedSampler } from "./forced-sampler.js";
import { parentBased } from "./parent-based.js";
import { probabilitySampler } from "./probability.js";
import { Decision, type SamplerLike } from "./sdk-types.js";

const never = parentBased(probabilitySampler(0));

/** The context of a call that is forced, or not. */
function contextOf(forced: boolean) {
  const call = callByHand();
  call.forced = forced;
  call.succeed();
  return call.ctx;
}

describe("a forced call", () => {
  it("is sampled, by no probability", () => {
    expect(answer(ask(forcedSampler(never), luckyId, contextOf(true)))).toBe("sample");
    expect(answer(ask(forcedSampler(never), luckyId, contextOf(false)))).toBe("drop");
    expect(answer(ask(forcedSampler(never), luckyId, ROOT_CONTEXT))).toBe("drop");
  });

  it("is sampled in an unsampled trace, whose threshold it does not hand on", () => {
    const traceState = createTraceState("ot=th:8;rv:00000000000000,a=b");
    const context = contextIn({ sampled: false, remote: true, traceState }, contextOf(true));
    expect(answer(ask(forcedSampler(never), luckyId, context))).toBe("sample ot=rv:00000000000000,a=b");
  });

  it("keeps what the sampler added, but its threshold", () => {
    const recording: SamplerLike = {
      shouldSample: () => ({
        decision: Decision.record,
        attributes: { why: "slow" },
        traceState: createTraceState("ot=th:c"),
      }),
      toString: () => "recording",
    };
    const result = ask(forcedSampler(recording), luckyId, contextOf(true));
    expect([answer(result), result.attributes]).toEqual(["sample ", { why: "slow" }]);
  });

  it("keeps the sampler's own answer when that is to sample", () => {
    const half = forcedSampler(probabilitySampler(0.5));
    expect(answer(ask(half, luckyId, contextOf(true)))).toBe("sample ot=th:8");
  });

  it("takes the calls that are made for it along", () => {
    const outer = callByHand();
    outer.forced = true;
    const inner = callByHand({ side: "client", parent: outer.ctx });
    expect(answer(ask(forcedSampler(never), luckyId, inner.ctx))).toBe("sample");
    inner.succeed();
    outer.succeed();
  });
});

it.each([
  [undefined, "undefined"],
  [null, "null"],
  [{}, "an object"],
])("the forced sampler needs a sampler, not %s", (sampler, got) => {
  expect(() => forcedSampler(sampler as unknown as SamplerLike)).toThrow(
    new TypeError(`forcedSampler: sampler: expected an object with shouldSample, got ${got}`),
  );
});

it("the forced sampler names itself and the sampler in it", () => {
  expect(`${forcedSampler(never)}`).toBe("Forced{ParentBased{Probability{0}}}");
});
