import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError } from "@connectrpc/connect";
import { logger, receive } from "connect-clue";
import type { DebugService } from "connect-clue/debug";
import { fakeClock } from "connect-clue/fake-clock";
import { describe, expect, it } from "vitest";
import { Conversation } from "../../test/support/conversation.js";
import { startDebugServer } from "../../test/support/debug-server.js";
import { expectNothingInFlight } from "../../test/support/nothing-in-flight.js";

/** Chats line by line: each message is a debug and an info line. */
const chat: Parameters<typeof startDebugServer>[0] = {
  chat: {
    async *chat(requests, context) {
      for await (const [ctx, { text }] of receive(requests, context)) {
        logger(ctx).debug("looking", { text });
        logger(ctx).info("heard", { text });
        yield { text };
      }
    },
    say({ text }, context) {
      logger(context).debug("looking", { text });
      return { text };
    },
  },
};

describe("SetDebugLogs", () => {
  it("switches debug on for everything by `enabled` alone, and off", async () => {
    const server = await startDebugServer(chat);
    const debug = server.debug();
    const client = server.chat();
    await client.say({ text: "1" });
    const { rules } = await debug.setDebugLogs({ enabled: true });
    expect(rules.map(told)).toEqual(["1 15.0 min"]);
    await client.say({ text: "2" });
    server.log.debug("outside");
    expect((await debug.setDebugLogs({ enabled: false })).rules).toEqual([]);
    await client.say({ text: "3" });
    server.log.debug("outside");
    const [id] = rules.map(({ id }) => Number(id));
    expect(server.lines().filter(({ msg }) => !String(msg).startsWith("debug service"))).toEqual([
      expect.objectContaining({ msg: "start", "rpc.method": "Say" }),
      {
        time: "<time>",
        level: "debug",
        msg: "looking",
        text: "2",
        debug_rule: id,
        request_id: "<id>",
        "rpc.service": "chat.v1.ChatService",
        "rpc.method": "Say",
      },
      expect.objectContaining({ msg: "end", "rpc.code": "ok", "rpc.method": "Say" }),
      { time: "<time>", level: "debug", msg: "outside", debug_rule: id },
    ]);
  });

  it("answers the rules that are in force, as GetDebugLogs does", async () => {
    const debug = (await startDebugServer()).debug();
    await debug.setDebugLogs({ enabled: true, method: "chat.*", ttl: durationFromMs(60_000) });
    await debug.setDebugLogs({ enabled: true, headers: { "X-Tenant": " a " } });
    const { rules } = await debug.setDebugLogs({
      enabled: true,
      method: "chat.*",
      ttl: durationFromMs(120_000),
    });
    expect(rules.map(told)).toEqual(["1 chat.* 2.0 min", '2 {"x-tenant":"a"} 15.0 min']);
    expect((await debug.getDebugLogs({})).rules).toEqual(rules);
    const left = await debug.setDebugLogs({ enabled: false, method: "chat.*" });
    expect(left.rules.map(told)).toEqual(['1 {"x-tenant":"a"} 15.0 min']);
    expect((await debug.setDebugLogs({ enabled: false })).rules).toEqual([]);
  });

  it("takes a method as gRPC writes it, and shows no secrets of headers", async () => {
    const debug = (await startDebugServer()).debug();
    const headers = { authorization: "Bearer t", "x-api-key": "k", "x-tenant": "a" };
    const { rules } = await debug.setDebugLogs({
      enabled: true,
      method: "/chat.v1.ChatService/Chat",
      headers,
    });
    expect(rules).toMatchObject([
      {
        method: "chat.v1.ChatService/Chat",
        headers: { authorization: "[redacted]", "x-api-key": "[redacted]", "x-tenant": "a" },
      },
    ]);
    expect(
      (await debug.setDebugLogs({ enabled: false, method: "/chat.v1.ChatService/Chat", headers })).rules,
    ).toEqual([]);
  });

  it.each<[message: string, request: Parameters<Client<typeof DebugService>["setDebugLogs"]>[0]]>([
    ["enabled: expected true or false, got nothing", { method: "chat.*" }],
    ["ttl: expected more than 0s and at most 86400s, got 0s", { enabled: true, ttl: durationFromMs(0) }],
    ["ttl: expected more than 0s and at most 86400s, got -5s", { enabled: true, ttl: { seconds: -5n } }],
    [
      "ttl: expected more than 0s and at most 86400s, got 86401s",
      { enabled: true, ttl: { seconds: 86_401n } },
    ],
    [
      "ttl: expected more than 0s and at most 86400s, got 2s",
      { enabled: true, ttl: { nanos: 2_000_000_000 } },
    ],
    ["method: expected at most 1024 characters, got 1025", { enabled: true, method: "x".repeat(1025) }],
    [
      'method: expected a glob over pkg.Service/Method such as "*/Chat", got "Chat"',
      { enabled: true, method: "Chat" },
    ],
    [
      'method: expected a glob over pkg.Service/Method such as "*/Chat", got "/Chat"',
      { enabled: true, method: "/Chat" },
    ],
    ['headers: "x-a" is there twice', { enabled: true, headers: { "X-A": "1", "x-a": "2" } }],
    ['headers: "a" has characters that headers can\'t have', { enabled: true, headers: { a: "h\u00e9" } }],
    ['headers: "a b" is no name of a header', { enabled: true, headers: { "a b": "" } }],
    ['headers: "a" has more than 1024 characters', { enabled: true, headers: { a: "x".repeat(1024) } }],
    [
      "headers: expected at most 20, got 21",
      { enabled: true, headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`h${i}`, ""])) },
    ],
  ])("refuses a request: %s", async (message, request) => {
    const debug = (await startDebugServer()).debug({ way: "gRPC" });
    const error = await debug.setDebugLogs(request).catch(ConnectError.from);
    expect(error).toMatchObject({ message: `[invalid_argument] ${message}` });
    expect((await debug.getDebugLogs({})).rules).toEqual([]);
  });

  it("keeps to the bounds of the options", async () => {
    const server = await startDebugServer({
      debug: { authorize: () => "ann", ttlMs: 30_000, maxTtlMs: 90_000 },
    });
    const debug = server.debug();
    expect((await debug.setDebugLogs({ enabled: true })).rules.map(told)).toEqual(["1 0.5 min"]);
    const tooLong = debug.setDebugLogs({ enabled: true, ttl: durationFromMs(90_001) });
    await expect(tooLong).rejects.toThrow("ttl: expected more than 0s and at most 90s, got 90.001s");
  });

  it("holds 100 rules, and prolongs them when there is no room for another", async (t) => {
    const clock = fakeClock({ test: t });
    const debug = (await startDebugServer()).debug();
    for (let i = 0; i < 100; i++) {
      await clock.advance(1000);
      await debug.setDebugLogs({ enabled: true, method: `m/${i}` });
    }
    const another = debug.setDebugLogs({ enabled: true, method: "m/another" });
    await expect(another).rejects.toThrow("[resource_exhausted] there are 100 rules already: remove some");
    expect((await debug.setDebugLogs({ enabled: true, method: "m/7" })).rules).toHaveLength(100);
  });
});

describe("a rule", () => {
  it("is over when its time is, for what is in flight and for what comes", async (t) => {
    const clock = fakeClock({ test: t });
    const server = await startDebugServer(chat);
    const debug = server.debug();
    const stream = new Conversation(server.chat());
    await stream.say("a");
    await debug.setDebugLogs({ enabled: true, method: "*/Chat", ttl: durationFromMs(60_000) });
    await stream.say("b");
    await clock.advance(59_999);
    await stream.say("c");
    await clock.advance(1);
    await stream.say("d");
    expect((await debug.getDebugLogs({})).rules).toEqual([]);
    await stream.end();
    expect(texts(server.lines())).toEqual([
      "start",
      "heard a",
      "looking b",
      "heard b",
      "looking c",
      "heard c",
    ]);
    await expectNothingInFlight();
  });
});

it("1,000 open streams follow, both ways", { timeout: 120_000 }, async () => {
  const server = await startDebugServer(chat);
  const debug = server.debug();
  const client = server.chat();
  const streams = Array.from(
    { length: 1000 },
    (_, i) => new Conversation(client, { "x-half": i % 2 === 0 ? "even" : "odd" }),
  );
  const all = (text: string) => Promise.all(streams.map((stream) => stream.say(text)));
  await all("a");
  await debug.setDebugLogs({ enabled: true, headers: { "x-half": "even" } });
  await all("b");
  await debug.setDebugLogs({ enabled: true });
  await all("c");
  await debug.setDebugLogs({ enabled: false });
  await all("d");
  await Promise.all(streams.map((stream) => stream.end()));
  const counts = new Map<string, number>();
  for (const text of texts(server.lines())) counts.set(text, (counts.get(text) ?? 0) + 1);
  expect(Object.fromEntries(counts)).toEqual({
    start: 1000,
    "heard a": 1000,
    "looking b": 500,
    "heard b": 1000,
    "looking c": 1000,
    "heard c": 1000,
  });
  await expectNothingInFlight();
});

function texts(lines: readonly Readonly<Record<string, unknown>>[]): string[] {
  return lines
    .filter(({ msg }) => !String(msg).startsWith("debug service"))
    .map(({ msg, text }) => (text === undefined ? String(msg) : `${msg} ${text}`));
}

/** The place of a rule, what it is for, and how long it still holds. */
function told(
  rule: Awaited<ReturnType<Client<typeof DebugService>["getDebugLogs"]>>["rules"][number],
  i: number,
): string {
  const headers = Object.keys(rule.headers).length === 0 ? "" : JSON.stringify(rule.headers);
  const minutes = (Number(rule.expiresAt?.seconds) * 1000 - Date.now()) / 60_000;
  return [i + 1, rule.method, headers, minutes.toFixed(1), "min"].filter((part) => part !== "").join(" ");
}
