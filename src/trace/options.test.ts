import { clientInterceptor, serverInterceptor, type TraceOptions } from "connect-clue";
import { describe, expect, it } from "vitest";
import { resolveTraceOptions } from "./options.js";

/** Options that the type checker does not let pass. */
function wrong(options: Readonly<Record<string, unknown>>): TraceOptions {
  return options as TraceOptions;
}

it.each<[options: Readonly<Record<string, unknown>>, message: string]>([
  [
    { spans: true },
    'trace: there is no option "spans"; there are tracerProvider, propagator, trustRemote, filter, streamSpan, ' +
      "messageSpans, messageSpanRatio, carrier, requestHeaders, responseHeaders, attributeFilter, propagateResponse",
  ],
  [{ tracerProvider: {} }, "trace.tracerProvider: expected an object with getTracer, got an object"],
  [{ tracerProvider: null }, "trace.tracerProvider: expected an object with getTracer, got null"],
  [
    { propagator: { inject() {}, extract() {} } },
    "trace.propagator: expected an object with inject, extract, fields, got an object",
  ],
  [{ propagator: "b3" }, 'trace.propagator: expected an object with inject, extract, fields, got "b3"'],
  [{ trustRemote: "no" }, 'trace.trustRemote: expected true or false, got "no"'],
  [{ propagateResponse: 1 }, "trace.propagateResponse: expected true or false, got 1"],
  [
    { filter: ["a"] },
    'trace.filter: expected a glob such as "chat.v1.*" or a function of the method, got an array',
  ],
  [{ streamSpan: "none" }, 'trace.streamSpan: expected "whole" or "linked" or "off", got "none"'],
  [{ streamSpan: false }, 'trace.streamSpan: expected "whole" or "linked" or "off", got false'],
  [{ messageSpans: true }, 'trace.messageSpans: expected "off" or "linked" or "child", got true'],
  [{ messageSpanRatio: 1.5 }, "trace.messageSpanRatio: expected a number from 0 to 1, got 1.5"],
  [{ messageSpanRatio: Number.NaN }, "trace.messageSpanRatio: expected a number from 0 to 1, got NaN"],
  [{ messageSpanRatio: "1" }, 'trace.messageSpanRatio: expected a number from 0 to 1, got "1"'],
  [{ carrier: "header" }, 'trace.carrier: expected "field" or "unknown-field", got "header"'],
  [{ requestHeaders: "x-a" }, 'trace.requestHeaders: expected a list of header names, got "x-a"'],
  [{ requestHeaders: [1] }, "trace.requestHeaders: expected a list of header names, got an array"],
  [{ responseHeaders: ["x a"] }, "trace.responseHeaders: expected a list of header names, got an array"],
  [{ responseHeaders: [""] }, "trace.responseHeaders: expected a list of header names, got an array"],
  [{ attributeFilter: ["a"] }, "trace.attributeFilter: expected a function, got an array"],
])("%j is refused at once", (options, message) => {
  for (const make of [serverInterceptor, clientInterceptor]) {
    expect(() => make({ trace: wrong(options) })).toThrow(new TypeError(message));
  }
});

it.each([null, 1, "on"])("trace: %j is refused at once", (trace) => {
  expect(() => serverInterceptor({ trace: trace as unknown as TraceOptions })).toThrow(
    new TypeError(`trace: expected an object of options, got ${JSON.stringify(trace)}`),
  );
});

describe("options", () => {
  it("have these defaults", () => {
    const { hasSpan, allowed, ...rest } = resolveTraceOptions({});
    expect(rest).toEqual({
      tracerProvider: undefined,
      propagator: undefined,
      trustRemote: true,
      streamSpan: "whole",
      messageSpans: "off",
      messageSpanRatio: 1,
      carrier: "field",
      requestHeaders: [],
      responseHeaders: [],
      propagateResponse: false,
    });
  });

  it("take header names in any case", () => {
    const { requestHeaders } = resolveTraceOptions({ requestHeaders: ["X-Tenant", "x-b"] });
    expect(requestHeaders).toEqual(["x-tenant", "x-b"]);
  });
});
