import { ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { testLogger } from "../testing/index.js";
import { testSpans } from "../testing-telemetry/index.js";
import { matchers } from "./index.js";

expect.extend(matchers);

/** What an assertion says when it fails. */
function failure(assert: () => void): string {
  try {
    assert();
  } catch (error) {
    return (error as Error).message.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");
  }
  throw new Error("it does not fail");
}

describe("toHaveLogged", () => {
  const log = testLogger();
  log.info("saying", { to: "bob", n: 1 });
  log.error(new Error("broken"), "failed", { n: 2 });

  it("takes a message, a pattern or parts, on a logger or its entries", () => {
    expect(log).toHaveLogged("saying");
    expect(log).toHaveLogged(/^say/);
    expect(log).toHaveLogged({
      severity: "error",
      message: "failed",
      fields: { err: /broken/, n: expect.any(Number) },
    });
    expect(log.entries).toHaveLogged({ fields: { to: "bob" } });
    expect(log).not.toHaveLogged("say");
    expect(log).not.toHaveLogged({ severity: "warn" });
    expect(testLogger()).not.toHaveLogged(/./);
  });

  it("shows what is most like it, and all that there is", () => {
    const message = failure(() =>
      expect(log).toHaveLogged({ severity: "info", message: /^say/, fields: { to: "eve", n: 1 } }),
    );
    expect(message).toBe(`expected a log entry like this; the one most like it differs:

- Expected
+ Received

  {
    "fields": {
      "n": 1,
-     "to": "eve",
+     "to": "bob",
    },
    "message": /^say/,
    "severity": "info",
  }

All there is:

  info "saying" to=bob n=1
  error "failed" err=broken err.stack=<stack> n=2`);
  });

  it("shows the message that begins most alike", () => {
    expect(failure(() => expect(log).toHaveLogged("fails"))).toContain(
      '-   "message": "fails",\n+   "message": "failed",',
    );
  });

  it("says so when there is nothing, or what should not be there", () => {
    expect(failure(() => expect(testLogger()).toHaveLogged("saying"))).toBe(
      'expected a log entry like this:\n\nObject {\n  "message": "saying",\n}\n\nThere is none at all.',
    );
    expect(failure(() => expect(log).not.toHaveLogged("saying"))).toBe(
      'expected no log entry like this:\n\nObject {\n  "message": "saying",\n}\n\nThere is:\n\n  info "saying" to=bob n=1',
    );
  });

  it.each([
    [5, "5"],
    [{ entries: [1] }, "an object"],
    [["saying"], "an array"],
    [undefined, "undefined"],
  ])("is not for %j", (received, shown) => {
    const expected = `toHaveLogged: expected a logger made by testLogger(), or its entries, got ${shown}`;
    expect(() => expect(received).toHaveLogged("saying")).toThrow(new TypeError(expected));
    expect(() => expect(received).not.toHaveLogged("saying")).toThrow(new TypeError(expected));
  });
});

describe("toHaveSpan", () => {
  const spans = testSpans();
  const tracer = spans.options.tracerProvider.getTracer("test");
  const outer = tracer.startSpan("outer", { attributes: { n: 1 } }, ROOT_CONTEXT);
  const inner = tracer.startSpan("inner", {}, trace.setSpan(ROOT_CONTEXT, outer));
  inner.setStatus({ code: SpanStatusCode.ERROR, message: "broken" });
  inner.end();
  outer.end();

  it("takes a name, a pattern or parts, on a recorder or its spans", () => {
    expect(spans).toHaveSpan("outer");
    expect(spans).toHaveSpan({ name: "inner", parent: "outer", status: /broken/ });
    expect(spans.all()).toHaveSpan({ kind: "internal", attributes: { n: expect.any(Number) } });
    expect(spans).not.toHaveSpan({ name: "outer", parent: "inner" });
    expect(testSpans()).not.toHaveSpan(/./);
  });

  it("shows what is most like it, and all that there is", () => {
    expect(
      failure(() => expect(spans).toHaveSpan({ name: "inner", status: "ok", attributes: { n: 1 } })),
    ).toBe(
      `expected a span like this; the one most like it differs:

- Expected
+ Received

  {
    "attributes": {
-     "n": 1,
+     "n": undefined,
    },
    "name": "inner",
-   "status": "ok",
+   "status": "error: broken",
  }

All there is:

  outer (internal)
    inner (internal) error: broken`,
    );
  });

  it("says so when there is nothing, or what should not be there", () => {
    expect(failure(() => expect(testSpans()).toHaveSpan("x"))).toBe(
      'expected a span like this:\n\nObject {\n  "name": "x",\n}\n\nThere is none at all.',
    );
    expect(failure(() => expect(spans).not.toHaveSpan("outer"))).toBe(
      'expected no span like this:\n\nObject {\n  "name": "outer",\n}\n\nThere is:\n\n  outer (internal)',
    );
  });

  it.each([
    [5, "5"],
    [testLogger(), "an object"],
  ])("is not for %s", (received, shown) => {
    const expected = `toHaveSpan: expected a recorder made by testSpans(), or the spans of its all(), got ${shown}`;
    expect(() => expect(received).toHaveSpan("x")).toThrow(new TypeError(expected));
  });
});
