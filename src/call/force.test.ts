import { diag } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace";
import { type CallInfo, callOptions, type ForceOptions, logger, serverInterceptor } from "connect-clue";
import { testSpans } from "connect-clue/testing-telemetry";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ChatHandlers, startChat } from "../../test/support/chat-server.js";
import { drain, tracedChat } from "../../test/support/traced-chat.js";
import * as neutral from "../platform/neutral.js";
import * as node from "../platform/node.js";
import { forcedSampler } from "../telemetry/forced-sampler.js";

afterEach(() => diag.disable());

const force: ForceOptions = { token: "s3cret" };
const asking = { headers: { "x-clue-force": "s3cret" } };

const talking: ChatHandlers = {
  say(_, context) {
    logger(context).debug("in detail");
    return {};
  },
  async *countdown(_, context) {
    logger(context).debug("in detail");
    yield {};
  },
};

/** Whether the server takes a call with these headers for a forced one. */
async function isForced(options: ForceOptions, headers: Record<string, string>): Promise<boolean> {
  const chat = await startChat({ say: () => ({}) }, { http: "memory", serverOptions: { force: options } });
  await chat.client.say({}, { headers });
  return chat.server.call().info.forced;
}

/** What is reported through `diag`, by level. */
function reports() {
  const [error, warn] = [vi.fn(), vi.fn()];
  const ignore = () => {};
  diag.setLogger({ error, warn, info: ignore, debug: ignore, verbose: ignore });
  return { error, warn };
}

describe("a call is forced", () => {
  const long = "x".repeat(4097);

  it.each<[boolean, string, ForceOptions, Record<string, string>]>([
    [true, "with the token", force, { "x-clue-force": "s3cret" }],
    [
      true,
      "with the token in a header of one's own",
      { ...force, header: "X-Force" },
      { "x-force": "s3cret" },
    ],
    [false, "without the header", force, {}],
    [false, "with an empty header", force, { "x-clue-force": "" }],
    [false, "with another token", force, { "x-clue-force": "s3creT" }],
    [false, "with the beginning of the token", force, { "x-clue-force": "s3cre" }],
    [false, "with more than the token", force, { "x-clue-force": "s3cret s3cret" }],
    [
      false,
      "with the token in another header",
      { ...force, header: "x-force" },
      { "x-clue-force": "s3cret" },
    ],
    [false, "with a token that is too long", { token: long }, { "x-clue-force": long }],
    [true, "when it is authorized", { authorize: (value) => value === "me" }, { "x-clue-force": "me" }],
    [false, "when it is not", { authorize: (value) => value === "me" }, { "x-clue-force": "you" }],
    [false, "when there is nothing to authorize", { authorize: () => true }, {}],
    [false, "when that is too long to authorize", { authorize: () => true }, { "x-clue-force": long }],
  ])("%s: %s", async (forced, _, options, headers) => {
    expect(await isForced(options, headers)).toBe(forced);
  });

  it("never without the option", async () => {
    const chat = await startChat({ say: () => ({}) }, { http: "memory" });
    await chat.client.say({}, asking);
    expect(chat.server.call().info.forced).toBe(false);
  });

  it.each([undefined, ""])("never with the token %j, of which it is warned", async (token) => {
    const { warn } = reports();
    expect(await isForced({ token }, { "x-clue-force": "" })).toBe(false);
    expect(await isForced({ token }, { "x-clue-force": "undefined" })).toBe(false);
    expect(warn.mock.calls[0]).toEqual(["connect-clue: force.token is not set: no call can be forced"]);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["is async by mistake", async () => true],
    ["returns what is merely truthy", () => "yes"],
  ])("never by a function that %s", async (_, authorize) => {
    reports();
    const options = { authorize: authorize as () => boolean };
    expect(await isForced(options, { "x-clue-force": "me" })).toBe(false);
  });

  it("by a function that knows the call", async () => {
    const asked: [string, CallInfo][] = [];
    const authorize = (value: string, call: CallInfo) => asked.push([value, call]) > 0;
    const chat = await startChat({ say: () => ({}) }, { serverOptions: { force: { authorize } } });
    await chat.client.say({}, asking);
    expect(asked).toEqual([["s3cret", chat.server.call().info]]);
  });

  it("not on a client by its own header", async () => {
    const chat = await startChat({ say: () => ({}) }, { clientOptions: { force } });
    await chat.client.say({}, asking);
    expect(chat.clientSide.call().info.forced).toBe(false);
  });
});

describe("a forced call", () => {
  it("has its debug lines written, though it succeeds", async () => {
    const chat = await startChat(talking, { serverOptions: { force } });
    await chat.client.say({});
    await drain(chat.client.countdown({}));
    expect(chat.server.log.lines()).toEqual([]);
    await chat.client.say({}, asking);
    await drain(chat.client.countdown({}, asking));
    await chat.server.ended(3);
    const story = chat.server.log
      .lines()
      .map(({ "rpc.method": method, level, msg }) => `${method}: ${level} ${msg}`);
    expect(story).toEqual([
      "Say: info start",
      "Say: debug in detail",
      "Say: info end",
      "Countdown: info start",
      "Countdown: debug in detail",
      "Countdown: info end",
    ]);
  });

  it("is sampled whatever the sampler says", async () => {
    const spans = testSpans({ sampler: forcedSampler(new AlwaysOffSampler()) });
    const { client } = await tracedChat(talking, { spans, serverOptions: { force } });
    await client.say({});
    await client.say({}, asking);
    await drain(client.countdown({}, asking));
    expect((await spans.ended(2)).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "server chat.v1.ChatService/Say",
      "server chat.v1.ChatService/Countdown",
    ]);
  });

  it.each(["implicitly", "by callOptions"])(
    "is followed by the calls that are made for it: %s",
    async (how) => {
      const spans = testSpans({ sampler: forcedSampler(new AlwaysOffSampler()) });
      const second = await tracedChat({ say: () => ({}) }, { spans });
      const first = await tracedChat(
        { say: (_, context) => second.client.say({}, how === "implicitly" ? {} : callOptions(context)) },
        { spans, serverOptions: { force } },
      );
      await first.client.say({});
      await first.client.say({}, asking);
      expect(second.chat.clientSide.calls.map(({ info }) => info.forced)).toEqual([false, true]);
      expect((await spans.ended(2)).map(({ kind, parent }) => [kind, parent])).toMatchObject([
        ["server", expect.stringMatching(/^remote/)],
        ["client", "span 1"],
      ]);
    },
  );
});

it.each<[options: unknown, message: string]>([
  [{}, "force: expected either token or authorize, got neither"],
  [{ token: "a", authorize: () => true }, "force: expected either token or authorize, got both"],
  [{ token: 1 }, "force.token: expected a text, got 1"],
  [{ authorize: "me" }, 'force.authorize: expected a function, got "me"'],
  [{ token: "a", header: "x y" }, 'force.header: expected the name of a header, got "x y"'],
  [{ token: "a", header: 1 }, "force.header: expected the name of a header, got 1"],
  [{ token: "a", headers: [] }, 'force: there is no option "headers"; there are header, token, authorize'],
  [null, "force: expected an object of options, got null"],
])("%j is refused at once", (options, message) => {
  expect(() => serverInterceptor({ force: options as ForceOptions })).toThrow(new TypeError(message));
});

it.each([
  ["Node", node.isSameSecret],
  ["elsewhere", neutral.isSameSecret],
])("a token is the same only when all of it is, on %s", (_, isSameSecret) => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (secret, other) => {
      expect(isSameSecret(secret, secret)).toBe(true);
      expect(isSameSecret(other, secret)).toBe(other === secret);
      expect(isSameSecret(secret + other, secret)).toBe(other === "");
      expect(isSameSecret(secret.slice(1), secret)).toBe(false);
    }),
  );
  expect(isSameSecret("aa", "a")).toBe(false);
});
