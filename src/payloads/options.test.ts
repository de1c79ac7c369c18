import { createRegistry } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { type PayloadOptions, resolvePayloadOptions } from "./options.js";

const { say, chat } = ChatService.method;

describe("the payload options", () => {
  it.each<[unknown, string]>([
    [5, "payloadLog: expected an object of options, got 5"],
    [
      { size: 5 },
      'payloadLog: there is no option "size"; there are maxSize, limits, format, registry, filter',
    ],
    [{ maxSize: 0 }, "payloadLog.maxSize: expected a whole number of characters from 1, got 0"],
    [
      { maxSize: Number.POSITIVE_INFINITY },
      "payloadLog.maxSize: expected a whole number of characters from 1, got Infinity",
    ],
    [{ limits: 5 }, 'payloadLog.limits: expected an object such as { "chat.v1.*": 200 }, got 5'],
    [
      { limits: { "a.*": -1 } },
      'payloadLog.limits["a.*"]: expected a whole number of characters from 0, got -1',
    ],
    [
      { limits: { "a.*": "1" } },
      'payloadLog.limits["a.*"]: expected a whole number of characters from 0, got "1"',
    ],
    [{ format: "json" }, 'payloadLog.format: expected a function, got "json"'],
    [
      { registry: {} },
      "payloadLog.registry: expected an object with getMessage, getExtensionFor, got an object",
    ],
    [
      { filter: 5 },
      'payloadLog.filter: expected a glob such as "chat.v1.*" or a function of the method, got 5',
    ],
  ])("%j is refused", (options, message) => {
    expect(() => resolvePayloadOptions(options as PayloadOptions)).toThrow(new TypeError(message));
  });

  it("are all accepted", () => {
    const options = { maxSize: 5, limits: {}, format: () => "", registry: createRegistry(), filter: "*" };
    expect(() => resolvePayloadOptions(options)).not.toThrow();
  });
});

describe("how much of a method is logged", () => {
  it("is 1024 characters, or maxSize", () => {
    expect([
      resolvePayloadOptions({}).maxSizeOf(say),
      resolvePayloadOptions({ maxSize: 9 }).maxSizeOf(say),
    ]).toEqual([1024, 9]);
  });

  it("is the first limit that matches", () => {
    const { maxSizeOf } = resolvePayloadOptions({
      maxSize: 9,
      limits: { "*/Say": 0, "chat.v1.*": 5000, "*": 1 },
    });
    expect([say, chat, Health.method.check].map(maxSizeOf)).toEqual([0, 5000, 1]);
  });

  it("is nothing where the filter says so, or throws", () => {
    const thrower = () => {
      throw new Error("no");
    };
    expect(resolvePayloadOptions({ filter: "*/Chat" }).maxSizeOf(say)).toBe(0);
    expect(resolvePayloadOptions({ filter: "*/Chat" }).maxSizeOf(chat)).toBe(1024);
    expect(resolvePayloadOptions({ filter: thrower }).maxSizeOf(chat)).toBe(0);
  });

  it("is nothing of the debug service, whatever the options say", () => {
    const { maxSizeOf } = resolvePayloadOptions({ limits: { "*": 100 }, filter: "*" });
    expect(DebugService.methods.map(maxSizeOf)).toEqual(DebugService.methods.map(() => 0));
  });
});
