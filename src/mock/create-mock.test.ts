import { createMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { problemOf } from "../../test/support/problems.js";

describe("createMock", () => {
  it("refuses what it does not know", async () => {
    const loose = createMock as (...args: unknown[]) => unknown;
    const cases: [args: unknown[], problem: string][] = [
      [[ChatService, { tset: {} }], 'createMock: there is no option "tset"; there are test'],
      [[ChatService, { test: {} }], `test: expected ${aTest}, got an object`],
      [[ChatService, { test: null }], `test: expected ${aTest}, got null`],
      [[ChatService, null], "createMock: expected an object of options, got null"],
      [
        [ChatService.method.say],
        'createMock: expected a generated service, or options for an interface, got "a rpc"',
      ],
      [[{ nmae: "x" }], 'createMock: there is no option "nmae"; there are name, test'],
      [[{ name: 5 }], "createMock: name: expected a text, got 5"],
      [
        [undefined, { test: {} }],
        "createMock: expected a generated service before the options, got undefined",
      ],
      [[null], "createMock: expected an object of options, got null"],
      [["ChatService"], 'createMock: expected an object of options, got "ChatService"'],
      [[class {}], "createMock: expected an object of options, got a function"],
    ];
    for (const [args, problem] of cases) {
      expect(await problemOf(() => loose(...args))).toBe(`TypeError: ${problem}`);
    }
  });
});

const aTest = 'the context that Vitest or node:test hands to a test, as in test("…", (t) => …)';
