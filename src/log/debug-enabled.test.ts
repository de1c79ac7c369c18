import { describe, expect, it } from "vitest";
import { callByHand } from "../../test/support/hand-made-call.js";
import { logger, withFields, withLogger } from "./carry.js";
import { createLogger } from "./create-logger.js";
import { debugEnabled } from "./debug-enabled.js";
import { logObserver } from "./observer.js";

const sink = { write() {} };
const root = createLogger({ sink, default: true });
const ofCalls = createLogger({ sink });
const other = createLogger({ sink });

describe("whether debug is on in a context", () => {
  const outer = callByHand({ observers: [logObserver(ofCalls, {})] });
  const within = withFields(outer.ctx, { user: "bob" });
  const inner = callByHand({ side: "client", parent: within, observers: [logObserver(other, {})] });
  const unlogged = callByHand();

  it.each([
    ["a call", outer, outer.ctx],
    ["a call, with fields", outer, within],
    ["a call, with another logger", outer, withLogger(outer.ctx, other)],
    ["a call, with anything else", outer, outer.ctx.setValue(Symbol("x"), 1)],
    ["a call made in a call", inner, inner.ctx],
    ["a call without a log", unlogged, unlogged.ctx],
  ])("is what its logger says: %s", (_, call, ctx) => {
    for (const [rootOn, callsOn, otherOn] of switches) {
      root.setDebug(rootOn);
      ofCalls.setDebug(callsOn);
      other.setDebug(otherOn);
      expect(debugEnabled(call, ctx)).toBe(logger(ctx).debugEnabled);
    }
  });

  it("is asked for the call", () => {
    ofCalls.setDebug((call) => call === outer);
    expect([debugEnabled(outer, outer.ctx), debugEnabled(inner, inner.ctx)]).toEqual([true, false]);
  });
});

const onOff = [true, false];
const switches = onOff.flatMap((a) => onOff.flatMap((b) => onOff.map((c) => [a, b, c] as const)));
