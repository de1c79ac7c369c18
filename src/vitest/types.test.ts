import { describe, expect, expectTypeOf, it } from "vitest";
import type { LogMatch, SpanMatch } from "../testing/index.js";
import { matchers } from "./index.js";

describe("the matchers", () => {
  it("are known to expect, and take descriptions only", () => {
    expect.extend(matchers);
    expectTypeOf(expect({}).toHaveLogged).parameters.toEqualTypeOf<[expected: LogMatch]>();
    expectTypeOf(expect({}).not.toHaveSpan).parameters.toEqualTypeOf<[expected: SpanMatch]>();
    // @ts-expect-error a description has other parts
    expectTypeOf(expect({}).toHaveLogged).toBeCallableWith({ msg: "saying" });
    // @ts-expect-error there is no such kind
    expectTypeOf(expect({}).toHaveSpan).toBeCallableWith({ kind: "serving" });
  });
});
