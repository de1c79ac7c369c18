import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { logger, serverInterceptor } from "../index.js";
import { testSpans } from "../testing-telemetry/index.js";
import { type LogMatch, type TestLogger, testCall, testLogger } from "./index.js";

type Say = ServiceImpl<typeof ChatService>["say"];

const failing: Say = ({ text }, context) => {
  logger(context).info("saying", { text, at: new Date(0), big: 2n ** 64n, list: [1, "b"] });
  throw new ConnectError("not here", Code.NotFound);
};

async function call(log: TestLogger, handler: Say): Promise<void> {
  const options = { request: { text: "hi" }, interceptors: [serverInterceptor({ logger: log })] };
  await testCall(ChatService.method.say, handler, options).error;
}

const ofCall = { request_id: "<id>", "rpc.service": "chat.v1.ChatService", "rpc.method": "Say" };

describe("testLogger", () => {
  it("keeps what is written: nothing of a call that succeeds, everything of one that fails", async () => {
    const log = testLogger();
    await call(log, (_, context) => {
      logger(context).info("saying");
      return {};
    });
    expect([log.entries, log.lines(), log.text()]).toEqual([[], [], ""]);

    await call(log, failing);
    expect(log.lines()).toEqual([
      {
        time: "<time>",
        level: "info",
        msg: "start",
        "rpc.side": "server",
        "rpc.kind": "unary",
        "rpc.protocol": "connect",
        ...ofCall,
      },
      {
        time: "<time>",
        level: "info",
        msg: "saying",
        text: "hi",
        at: "1970-01-01T00:00:00.000Z",
        big: "18446744073709551616",
        list: [1, "b"],
        ...ofCall,
      },
      {
        time: "<time>",
        level: "warn",
        msg: "end",
        err: "[not_found] not here",
        "err.code": "not_found",
        "rpc.code": "not_found",
        "rpc.time_ms": "<ms>",
        "rpc.received": 1,
        "rpc.sent": 0,
        "rpc.outcome": "error",
        "rpc.status": "not here",
        ...ofCall,
      },
    ]);
  });

  it("hands out entries that do not change afterwards", () => {
    const log = testLogger();
    log.info("one");
    const { entries } = log;
    const again = log.entries;
    log.info("two");
    expect([entries.length, log.entries.length, Object.isFrozen(entries), again === entries]).toEqual([
      1,
      2,
      true,
      true,
    ]);
    log.clear();
    expect([entries.length, log.entries]).toEqual([1, []]);
  });

  it("has text to read", () => {
    const log = testLogger({ keys: { message: "message", severity: "severity" } });
    log.info("one", { to: "bob", n: 1 });
    log.error(new Error("broken\nin two"), "two", { list: [1, null] });
    log.error(undefined);
    expect(log.text()).toBe(
      [
        'info "one" to=bob n=1',
        'error "two" err="broken\\nin two" err.stack=<stack> list=[1,null]',
        "error",
      ].join("\n"),
    );
  });

  it("replaces ids of traces, and leaves what does not look as it should", async () => {
    const log = testLogger({ disableBuffering: () => true, fields: [() => ({ request_id: "one" })] });
    const spans = testSpans();
    const interceptors = [serverInterceptor({ logger: log, trace: spans.options })];
    await testCall(ChatService.method.say, () => ({}), { interceptors }).response;
    const [start] = log.lines();
    expect([start?.trace_id, start?.span_id, start?.request_id]).toEqual(["<id>", "<id>", "one"]);
  });

  it("takes createLogger's options but for where lines go", () => {
    const log = testLogger({ debug: true, maxSize: 3 });
    log.debug("seen");
    expect(log.text()).toBe('debug "see…[cut from 4]"');
    expect(() => testLogger({ sink: { fd: 1 } } as never)).toThrow(
      new TypeError(
        'testLogger: there is no option "sink"; there are debug, maxSize, maxEntries, maxBytes, maxAgeMs, budgetBytes, keys, fields, fileLocation, disableBuffering',
      ),
    );
    expect(() => testLogger({ maxSize: 0 })).toThrow(
      "createLogger: maxSize: expected a number greater than 0, got 0",
    );
  });
});

describe("testLogger's next", () => {
  it("gives the first entry that matches, whether it is there or to come", async () => {
    const log = testLogger();
    log.info("one", { n: 1 });
    const coming = log.next({ fields: { n: 2 } });
    log.info("one", { n: 2 });
    log.info("one", { n: 2, last: true });
    const entries = [await log.next("one"), await coming, await log.next(/^o/)];
    expect(entries).toEqual([log.entries[0], log.entries[1], log.entries[0]]);
    expect(entries[1]).toBe(log.entries[1]);
  });

  it.each([
    ["a message", "two"],
    ["a pattern", /^tw/g],
    ["an asymmetric matcher", expect.stringContaining("w")],
    ["a severity", { severity: "error" }],
    ["a field", { fields: { n: 2 } }],
    ["a pattern for a field", { fields: { err: /^brok/ } }],
    ["a field that is not there", { message: /./, fields: { m: undefined, n: expect.any(Number) } }],
    ["a list", { fields: { list: [1, { deep: "er" }] } }],
  ] as const)("finds by %s", async (_, match) => {
    const log = testLogger();
    log.info("one", { n: "1", m: 1 });
    log.error(new Error("broken"), "two", { n: 2, list: [1, { deep: "er" }] });
    expect(await log.next(match)).toBe(log.entries[1]);
  });

  it("tells what there was instead", async () => {
    const log = testLogger();
    const none = log.next("two", { timeoutMs: 1 });
    await expect(none).rejects.toThrow(new Error('no such entry was written within 1 ms: "two"; none was'));
    for (let n = 1; n <= 22; n++) log.info("one", { n });
    const error = await log.next(/two/, { timeoutMs: 1 }).catch((thrown) => thrown);
    expect(error.message.split("\n").slice(0, 3)).toEqual([
      "no such entry was written within 1 ms: /two/; there were 22:",
      "  … 2 before these",
      '  info "one" n=3',
    ]);
  });

  const circular: Record<string, unknown> = { n: 1 };
  circular.self = [circular];

  it.each<[string, LogMatch, string]>([
    ["a bigint", { fields: { n: 1n } }, "{ fields: { n: 1n } }"],
    [
      "what is not there",
      { message: /a b/g, fields: { n: undefined } },
      "{ message: /a b/g, fields: { n: undefined } }",
    ],
    [
      "what contains itself",
      { fields: { circular } },
      "{ fields: { circular: { n: 1, self: [[circular]] } } }",
    ],
    [
      "matchers",
      { message: expect.stringContaining("x"), fields: { n: expect.any(Number) } },
      '{ message: StringContaining "x", fields: { n: Any<Number> } }',
    ],
    [
      "a matcher of one's own",
      new (class Even {
        asymmetricMatch = () => false;
      })() as never,
      "[Even]",
    ],
    [
      "all the rest",
      { fields: { "rpc.code": "x", at: new Date(5), f: Number.isNaN, s: Symbol("s"), o: {}, z: null } },
      '{ fields: { "rpc.code": "x", at: Date 5, f: [function isNaN], s: Symbol(s), o: {}, z: null } }',
    ],
  ])("tells that there was no entry with %s", async (_, match, text) => {
    const error = new Error(`no such entry was written within 1 ms: ${text}; none was`);
    await expect(testLogger().next(match, { timeoutMs: 1 })).rejects.toThrow(error);
  });

  it("rejects with what a matcher throws, which the writer never sees", async () => {
    const log = testLogger();
    const broken = new Error("broken");
    const fails = {
      asymmetricMatch: () => {
        throw broken;
      },
    };
    const coming = log.next(fails as never);
    log.info("one");
    await expect(coming).rejects.toBe(broken);
    await expect(log.next({ fields: { n: fails } }).catch((error) => error)).resolves.toBe(broken);
    log.info("two");
    expect(log.entries).toHaveLength(2);
  });

  it("rejects when what was looked for can't be told", async () => {
    const broken = new Error("broken");
    const match = {
      asymmetricMatch: () => false,
      toAsymmetricMatcher: () => {
        throw broken;
      },
    };
    await expect(testLogger().next(match as never, { timeoutMs: 1 })).rejects.toBe(broken);
  });

  it.each([
    [5, "5"],
    [null, "null"],
    [{ msg: "one" }, "an object"],
    [{ fields: "one" }, "an object"],
  ])("does not take %j", async (match, shown) => {
    const error = `a log entry: expected a message, a RegExp or { severity, message, fields }, got ${shown}`;
    await expect(testLogger().next(match as never)).rejects.toThrow(new TypeError(error));
  });
});
