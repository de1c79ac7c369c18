import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { callByHand, endWith, type HandMade } from "../../test/support/hand-made-call.js";
import type { Call } from "./call.js";
import { DebugRules, type DebugTarget } from "./debug-rules.js";

const noon = Date.UTC(2026, 0, 1, 12);
const made: Call[] = [];

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ now: noon, test: t });
});
afterEach(() => {
  for (const call of made.splice(0)) endWith(call, "ok");
});

describe("a debug rule", () => {
  it.each<[name: string, target: DebugTarget, calls: boolean[], outside: boolean]>([
    ["for everything", target(), [true, true], true],
    ["for one method", target("chat.v1.ChatService/Say"), [true, false], false],
    ["for a glob", target("*/S*"), [true, false], false],
    ["for no method that there is", target("Say"), [false, false], false],
    ["for a header", target("", { "x-tenant": "a" }), [true, false], false],
    [
      "for two headers, of which one differs",
      target("", { "x-tenant": "a", "x-user": "b" }),
      [false, false],
      false,
    ],
    ["for a method and a header", target("*Say", { "x-tenant": "a" }), [true, false], false],
    ["for another value of a header", target("*", { "x-tenant": "A" }), [false, false], false],
  ])("%s", (_, target, expected, outside) => {
    const rules = new DebugRules();
    const rule = rules.set(target, 1000);
    const say = call({}, { "X-Tenant": "a" });
    const chat = call({ method: ChatService.method.chat });
    expect([say, chat].map((each) => rules.ruleFor(each))).toEqual(
      expected.map((on) => (on ? rule : undefined)),
    );
    expect(rules.ruleFor(undefined)).toBe(outside ? rule : undefined);
  });

  it("is for the client's calls, too, that are made for a call that it is for", () => {
    const rules = new DebugRules();
    const rule = rules.set(target("*/Say"), 1000);
    const served = call();
    const method = ChatService.method.countdown;
    const downstream = call({ side: "client", method, parent: served.ctx });
    const unrelated = call({ side: "client", method });
    const served2 = call({ side: "server", method, parent: served.ctx });
    expect([downstream, unrelated, served2].map((each) => rules.ruleFor(each))).toEqual([
      rule,
      undefined,
      undefined,
    ]);
  });

  it("ends by itself, on a clock that nobody sets", async () => {
    const rules = new DebugRules();
    rules.set(target(), 1000);
    vi.spyOn(Date, "now").mockReturnValue(noon - 3_600_000);
    await clock.advance(999);
    expect([rules.isEmpty, rules.ruleFor(undefined)?.expiresAt]).toEqual([false, noon + 1000]);
    await clock.advance(1);
    expect([rules.ruleFor(undefined), rules.list(), rules.isEmpty]).toEqual([undefined, [], true]);
  });
});

describe("the rules", () => {
  it("are told in the order in which they were added, each with a number of its own", async () => {
    const rules = new DebugRules();
    rules.set(target("a"), 3000);
    rules.set(target("b"), 1000);
    rules.set(target("c"), 2000);
    expect(told(rules)).toEqual(["1 a 3000", "2 b 1000", "3 c 2000"]);
    await clock.advance(1500);
    expect(told(rules)).toEqual(["1 a 3000", "3 c 2000"]);
    rules.set(target("b"), 1000);
    expect(told(rules)).toEqual(["1 a 3000", "3 c 2000", "4 b 2500"]);
  });

  it("of the same calls are one: it is prolonged, or cut short", async () => {
    const rules = new DebugRules();
    rules.set(target("a", { x: "1", y: "2" }), 1000);
    rules.set(target("b"), 1000);
    await clock.advance(500);
    rules.set(target("a", { y: "2", x: "1" }), 9000);
    expect(told(rules)).toEqual(["1 a 9500", "2 b 1000"]);
    rules.set(target("a", { y: "2", x: "1" }), 1);
    await clock.advance(1);
    expect(told(rules)).toEqual(["2 b 1000"]);
  });

  it("go one by one, or all", () => {
    const rules = new DebugRules();
    for (const each of [target("a"), target("a", { x: "1" }), target("")]) rules.set(each, 1000);
    rules.remove(target("a", { x: "2" }));
    rules.remove(target("b"));
    expect(told(rules)).toEqual(["1 a 1000", "2 a 1000", "3  1000"]);
    rules.remove(target("a"));
    expect(told(rules)).toEqual(["2 a 1000", "3  1000"]);
    rules.clear();
    expect([told(rules), rules.isEmpty]).toEqual([[], true]);
  });

  it("the oldest that matches is the one that a line names", async () => {
    const rules = new DebugRules();
    rules.set(target("chat.*"), 1000);
    rules.set(target(), 5000);
    const say = call();
    expect(rules.ruleFor(say)?.id).toBe(1);
    await clock.advance(1000);
    expect(rules.ruleFor(say)?.id).toBe(2);
  });
});

function target(method = "", headers: Readonly<Record<string, string>> = {}): DebugTarget {
  return { method, headers: new Map(Object.entries(headers)) };
}

function told(rules: DebugRules): string[] {
  return rules.list().map(({ id, method, expiresAt }) => `${id} ${method} ${expiresAt - noon}`);
}

function call(options: HandMade = {}, headers: Readonly<Record<string, string>> = {}): Call {
  const call = callByHand(options);
  for (const [name, value] of Object.entries(headers)) call.header.set(name, value);
  made.push(call);
  return call;
}
