import type { DescMethod } from "@bufbuild/protobuf";
import { type DiagLogger, diag } from "@opentelemetry/api";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { chatOver } from "../../test/support/context-chat.js";
import { endings } from "../../test/support/context-observe.js";
import { serverInterceptor } from "../index.js";
import { compileFilter, type MethodFilter } from "./method-filter.js";

/** A method as far as a filter looks at it. */
function method(path: string): DescMethod {
  const [typeName, name] = path.split("/");
  return { name, parent: { typeName }, methodKind: "unary" } as unknown as DescMethod;
}

const matches = (filter: MethodFilter | undefined, path: string) =>
  compileFilter(filter, "filter")(method(path));

afterEach(() => diag.disable());

describe("a glob", () => {
  it.each([
    ["chat.v1.ChatService/Say", "chat.v1.ChatService/Say", true],
    ["chat.v1.ChatService/Say", "chat.v1.ChatService/SayMore", false],
    ["ChatService/Say", "chat.v1.ChatService/Say", false],
    ["*", "chat.v1.ChatService/Say", true],
    ["chat.v1.*", "chat.v1.ChatService/Say", true],
    ["chat.v1.*", "chat.v10.ChatService/Say", false],
    ["chat*Say", "chat.v1.ChatService/Say", true],
    ["*/Say", "chat.v1.ChatService/Say", true],
    ["*/Say", "chat.v1.ChatService/Upload", false],
    ["**", "chat.v1.ChatService/Say", true],
    ["chat.v1.ChatService/*", "chat.v1.ChatService/Say", true],
    ["chatxv1xChatService/Say", "chat.v1.ChatService/Say", false],
    ["chat.v1.ChatService/S.y", "chat.v1.ChatService/Say", false],
    ["chat.v1.ChatService/Sa?", "chat.v1.ChatService/Say", false],
    ["chat.v1.ChatService/(Say|Upload)", "chat.v1.ChatService/Say", false],
    ["chat.v1.ChatService/[S]ay", "chat.v1.ChatService/Say", false],
    ["^chat*$", "chat.v1.ChatService/Say", false],
    ["chat\\.v1*", "chat.v1.ChatService/Say", false],
    ["CHAT*", "chat.v1.ChatService/Say", false],
    ["", "chat.v1.ChatService/Say", false],
  ])("%j on %s: %j", (glob, path, expected) => {
    expect(matches(glob, path)).toBe(expected);
  });

  it("takes bounded work, however many stars it has", () => {
    const glob = `${"*a".repeat(30)}*b`;
    expect(matches(glob, `s/${"a".repeat(100)}`)).toBe(false);
  });

  it("matches itself, whatever its characters, and what its stars stand for", () => {
    const text = fc.string({ unit: "grapheme" }).map((it) => it.replaceAll(/[*/]/g, ""));
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 5 }), text, (parts, between) => {
        const path = `x/${parts.join(between)}`;
        return matches(`x/${parts.join("*")}`, path) && matches(path, path);
      }),
    );
  });
});

describe("a function", () => {
  it("is asked once per method", () => {
    const asked: string[] = [];
    const passes = compileFilter((it) => asked.push(it.name) === 1, "filter");
    const { say, upload } = ChatService.method;
    expect([passes(say), passes(say), passes(upload), passes(say), passes(upload)]).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(asked).toEqual(["Say", "Upload"]);
  });

  it("that throws lets the method pass, and is reported once", () => {
    const told: unknown[][] = [];
    const nothing = () => {};
    const listening: DiagLogger = {
      error: (...args) => void told.push(args),
      warn: nothing,
      info: nothing,
      debug: nothing,
      verbose: nothing,
    };
    diag.setLogger(listening);
    const passes = compileFilter(() => {
      throw new Error("cannot decide");
    }, "filter");
    const { say, upload } = ChatService.method;
    expect([passes(say), passes(say), passes(upload)]).toEqual([true, true, true]);
    expect(told).toEqual([
      [
        "connect-clue: the filter function failed; the call is not affected, and this is reported once",
        new Error("cannot decide"),
      ],
    ]);
  });
});

describe("the interceptor's filter", () => {
  it("lets the methods that it names be observed, and no others", async () => {
    const { observer, all } = endings();
    const { client } = await chatOver(
      "in memory",
      { say: () => ({}), upload: async () => ({ count: 1 }) },
      { server: [serverInterceptor({ log: false, observers: [observer], filter: "*/Say" })] },
    );
    await client.upload(nothing());
    await client.say({});
    expect(all).toEqual([{ side: "server", type: "ok", received: 1, sent: 1 }]);
  });

  it.each([[5], [null], [{}]])("refuses %j", (filter) => {
    expect(() => serverInterceptor({ filter: filter as never })).toThrow(
      /^filter: expected a glob such as "chat\.v1\.\*" or a function of the method, got /,
    );
  });
});

async function* nothing(): AsyncGenerator<{ text: string }> {}
