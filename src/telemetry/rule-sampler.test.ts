import { createTraceState, ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { callByHand } from "../../test/support/hand-made-call.js";
import {
  answer,
  ask,
  contextIn,
  luckyId,
  randomOf,
  traceIdOf,
  unluckyId,
} from "../../test/support/sampling.js";
import { adaptiveSampler } from "./adaptive-sampler.js";
import { ruleSampler } from "./rule-sampler.js";
import { Decision, type SamplerLike } from "./sdk-types.js";

const shop = ruleSampler(
  [
    { match: "payment.*", sample: 1 },
    { match: "order.*/Delete*", sample: 0 },
    { match: "order.*", sample: 0.5 },
  ],
  { otherwise: 0.1 },
);

const ofMethod = (
  sampler: SamplerLike,
  method: string | undefined,
  traceId: string,
  context = ROOT_CONTEXT,
) => answer(ask(sampler, traceId, context, method === undefined ? {} : { "rpc.method": method }));

describe("rules", () => {
  it.each([
    ["payment.v1.PaymentService/Pay", "sample ot=th:0", "sample ot=th:0"],
    ["order.v1.OrderService/Place", "sample ot=th:8", "drop"],
    ["order.v1.OrderService/DeleteAll", "drop", "drop"],
    ["search.v1.SearchService/Find", "sample ot=th:e666", "drop"],
    ["repayment.v1.Service/Pay", "sample ot=th:e666", "drop"],
    [undefined, "sample ot=th:e666", "drop"],
  ])("%s: %s with luck, else %s", (method, lucky, unlucky) => {
    expect(ofMethod(shop, method, luckyId)).toBe(lucky);
    expect(ofMethod(shop, method, unluckyId)).toBe(unlucky);
  });

  it("samples as much as they say", () => {
    const random = randomOf(1);
    const part = (method: string) => {
      let sampled = 0;
      for (let i = 0; i < 10_000; i++) {
        sampled += ask(shop, traceIdOf(random), ROOT_CONTEXT, { "rpc.method": method }).decision / 2;
      }
      return Math.round(sampled / 500) / 20;
    };
    expect([part("payment.v1.A/B"), part("order.v1.A/B"), part("x.A/B")]).toEqual([1, 0.5, 0.1]);
  });

  it("take samplers, each with a state of its own", () => {
    const sampler = ruleSampler(
      [
        { match: "search.*", sample: adaptiveSampler({ maxRate: 1e-9, sampleSize: 1 }) },
        { match: "order.*", sample: adaptiveSampler({ maxRate: 1e-9, sampleSize: 1 }) },
      ],
      { otherwise: 0 },
    );
    const four = (method: string) => Array.from({ length: 4 }, () => ofMethod(sampler, method, unluckyId));
    const twoOnly = ["sample ot=th:0", "sample ot=th:0", "drop", "drop"];
    expect(four("search.v1.S/Find")).toEqual(twoOnly);
    expect(four("order.v1.O/Place")).toEqual(twoOnly);
    expect(ofMethod(sampler, "x.A/B", luckyId)).toBe("drop");
  });

  it("leave all else to the adaptive sampler by default", () => {
    expect(ofMethod(ruleSampler([]), "x.A/B", unluckyId)).toBe("sample ot=th:0");
    expect(`${ruleSampler([])}`).toBe(
      "ParentBased{Rules{otherwise=ParentBased{Adaptive{maxRate=2,sampleSize=10}}}}",
    );
  });

  it("hand all that they were asked to the sampler of the rule", () => {
    const asked: unknown[] = [];
    const sampler: SamplerLike = {
      shouldSample(...args) {
        asked.push(args);
        return { decision: Decision.record };
      },
      toString: () => "mine",
    };
    const attributes = { "rpc.method": "a.B/C" };
    const rules = ruleSampler([{ match: "*", sample: sampler }]);
    const links = [{ context: { traceId: luckyId, spanId: "1".repeat(16), traceFlags: 1 } }];
    expect(rules.shouldSample(ROOT_CONTEXT, luckyId, "name", 2, attributes, links)).toEqual({
      decision: Decision.record,
    });
    expect(asked).toEqual([[ROOT_CONTEXT, luckyId, "name", 2, attributes, links]]);
  });

  it("name themselves", () => {
    expect(`${shop}`).toBe(
      "ParentBased{Rules{payment.*=Probability{1},order.*/Delete*=Probability{0},order.*=Probability{0.5}," +
        "otherwise=Probability{0.1}}}",
    );
  });
});

describe("a span with a parent", () => {
  const parent = (sampled: boolean) => contextIn({ sampled, traceState: createTraceState("ot=th:8") });

  it("follows it, whatever its method", () => {
    expect(ofMethod(shop, "payment.v1.P/Pay", luckyId, parent(false))).toBe("drop");
    expect(ofMethod(shop, "x.A/B", unluckyId, parent(true))).toBe("sample");
  });

  it("is decided about like any other with parentBased: false", () => {
    const sampler = ruleSampler([{ match: "payment.*", sample: 1 }], { otherwise: 0, parentBased: false });
    expect(ofMethod(sampler, "payment.v1.P/Pay", unluckyId, parent(false))).toBe("sample ot=th:0");
    expect(ofMethod(sampler, "x.A/B", luckyId, parent(true))).toBe("drop ");
  });
});

describe("a span that names no method", () => {
  it("belongs to the call that it is started in", () => {
    const sampler = ruleSampler([{ match: "chat.*/Say", sample: 1 }], { otherwise: 0 });
    const say = callByHand();
    const chat = callByHand({ method: ChatService.method.chat });
    expect(ofMethod(sampler, undefined, luckyId, say.ctx)).toBe("sample ot=th:0");
    expect(ofMethod(sampler, undefined, luckyId, chat.ctx)).toBe("drop");
    expect(ofMethod(sampler, "chat.v1.ChatService/Say", luckyId, chat.ctx)).toBe("sample ot=th:0");
    say.succeed();
    chat.succeed();
  });
});

describe("the options", () => {
  it.each([
    [[], "ruleSampler: expected an array of { match, sample }, got undefined"],
    [[{}], "ruleSampler: expected an array of { match, sample }, got an object"],
    [[[{ sample: 1 }]], 'ruleSampler: rules[0].match: expected a glob such as "chat.v1.*", got undefined'],
    [[[{ match: 1, sample: 1 }]], 'ruleSampler: rules[0].match: expected a glob such as "chat.v1.*", got 1'],
    [
      [[{ match: "a", sample: 1 }, { match: "b" }]],
      "ruleSampler: rules[1].sample: expected a number from 0 to 1 or a sampler, got undefined",
    ],
    [
      [[{ match: "a", sample: 2 }]],
      "ruleSampler: rules[0].sample: expected a number from 0 to 1 or a sampler, got 2",
    ],
    [
      [[{ match: "a", sample: Number.NaN }]],
      "ruleSampler: rules[0].sample: expected a number from 0 to 1 or a sampler, got NaN",
    ],
    [
      [[{ match: "a", ratio: 1 }]],
      'ruleSampler: rules[0]: there is no option "ratio"; there are match, sample',
    ],
    [[[null]], "ruleSampler: rules[0]: expected an object of options, got null"],
    [
      [[], { otherwise: "10%" }],
      'ruleSampler: otherwise: expected a number from 0 to 1 or a sampler, got "10%"',
    ],
    [
      [[], { otherwise: null }],
      "ruleSampler: otherwise: expected a number from 0 to 1 or a sampler, got null",
    ],
    [[[], { parentBased: "no" }], 'ruleSampler: parentBased: expected true or false, got "no"'],
    [[[], { rest: 1 }], 'ruleSampler: there is no option "rest"; there are otherwise, parentBased'],
  ])("%j: %s", (args, message) => {
    expect(() => ruleSampler(...(args as Parameters<typeof ruleSampler>))).toThrow(new TypeError(message));
  });
});
