import { Code, ConnectError } from "@connectrpc/connect";
import { clientInterceptor, type LogOptions, logger, serverInterceptor } from "connect-clue";
import { describe, expect, it } from "vitest";
import { requests } from "../../test/support/chat-server.js";
import { sayFields as call, loggedChat, sayStart as start } from "../../test/support/logged-chat.js";

describe("the log options", () => {
  it("access: always writes start and end at once, and still forgets the rest", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          expect(chat.story()).toEqual(["info start"]);
          logger(context).info("held back");
          return {};
        },
      },
      { server: { log: { access: "always" } } },
    );
    await chat.client.say({});
    expect(chat.lines()).toEqual([
      start,
      {
        time: "<time>",
        level: "info",
        msg: "end",
        "rpc.code": "ok",
        "rpc.time_ms": "<ms>",
        "rpc.received": 1,
        "rpc.sent": 1,
        ...call,
      },
    ]);
  });

  it("access: off leaves the handler's own lines", async () => {
    const chat = loggedChat(
      {
        say(_, context) {
          logger(context).info("mine");
          throw new Error("x");
        },
      },
      { server: { log: { access: "off" } } },
    );
    await expect(chat.client.say({})).rejects.toThrow();
    expect(chat.story()).toEqual(["info mine"]);
  });

  it("accessLog changes lines and leaves them out", async () => {
    const chat = loggedChat(
      { say: () => ({}) },
      {
        server: {
          log: {
            access: "always",
            accessLog: (line, { path }, outcome) =>
              line.phase === "start"
                ? undefined
                : { ...line, severity: "warn", message: `${path} ${outcome?.type}`, fields: { mine: true } },
          },
        },
      },
    );
    await chat.client.say({});
    expect(chat.lines()).toEqual([
      { time: "<time>", level: "warn", msg: "chat.v1.ChatService/Say ok", mine: true, ...call },
    ]);
  });

  it("isError decides what is a failure", async () => {
    const chat = loggedChat(
      {
        say({ text }) {
          if (text === "missing") throw new ConnectError("x", Code.NotFound);
          return {};
        },
      },
      { server: { log: { isError: ({ type, code }) => type === "ok" || code !== Code.NotFound } } },
    );
    await expect(chat.client.say({ text: "missing" })).rejects.toThrow();
    expect(chat.lines()).toEqual([]);
    await chat.client.say({});
    expect(chat.story()).toEqual(["info start", "info end"]);
  });

  it.each([
    ["req-1.a:b/c+d=e@f", true],
    ["A".repeat(128), true],
    ["A".repeat(129), false],
    ["has space", false],
    ["-leading", false],
    ['quote"', false],
  ])("takes the request id %s over: %s", async (id, taken) => {
    const chat = loggedChat({
      say() {
        throw new Error("x");
      },
    });
    await expect(chat.client.say({}, { headers: { "x-request-id": id } })).rejects.toThrow();
    expect(chat.lines()[0]?.request_id).toBe(taken ? id : "<id>");
  });

  it("requestId: propagates, generates, can be switched off", async () => {
    let sent: string | null = null;
    const chat = loggedChat(
      {
        say(_, context) {
          sent = context.requestHeader.get("x-id");
          throw new Error("x");
        },
        upload: () => Promise.resolve({}),
      },
      {
        server: { log: { requestId: { header: "x-id", propagate: true } } },
        client: { log: { requestId: { header: "x-id", propagate: true, generate: () => "made-1" } } },
      },
    );
    let answered: string | null = null;
    await chat.client.upload(requests(), { onHeader: (header) => (answered = header.get("x-id")) });
    expect(answered).toBe("made-1");
    await expect(chat.client.say({})).rejects.toThrow();
    expect(sent).toBe("made-1");
    expect(new Set(chat.lines().map((line) => line.request_id))).toEqual(new Set(["made-1"]));

    const off = loggedChat(
      {
        say() {
          throw new Error("x");
        },
      },
      { server: { log: { requestId: false } } },
    );
    await expect(off.client.say({})).rejects.toThrow();
    expect(off.lines()[0]).not.toHaveProperty("request_id");
  });

  it.each([() => null, () => ({ severity: "loud" }), async () => ({}), () => ({ message: 5 })])(
    "accessLog %s costs no story",
    async (accessLog) => {
      const chat = loggedChat(
        {
          say(_, context) {
            logger(context).info("mine");
            throw new Error("x");
          },
        },
        { server: { log: { accessLog: accessLog as never, requestId: { generate: () => "two\nlines" } } } },
      );
      await expect(chat.client.say({})).rejects.toThrow();
      const lines = accessLog() === null ? ["info mine"] : ["info start", "info mine", "error end"];
      expect(chat.story()).toEqual(lines);
      expect(chat.lines()[0]?.request_id).toBe("<id>");
    },
  );

  it("the caller's functions that throw are left aside", async () => {
    const broken = () => {
      throw new Error("broken");
    };
    const chat = loggedChat(
      {
        say() {
          throw new Error("x");
        },
      },
      {
        logger: { fields: [broken], disableBuffering: broken, debug: broken },
        server: { log: { isError: broken, accessLog: broken, requestId: { generate: broken } } },
      },
    );
    await expect(chat.client.say({})).rejects.toThrow("[internal] internal error");
    expect(chat.story()).toEqual(["info start", "error end"]);
  });
});

it.each<[options: Readonly<Record<string, unknown>> | null, message: string]>([
  [null, "log: expected an object of options, got null"],
  [{ acess: "off" }, 'log: there is no option "acess"; there are access, accessLog, isError, requestId'],
  [{ access: "on" }, 'log.access: expected "buffered" or "always" or "off", got "on"'],
  [{ access: null }, 'log.access: expected "buffered" or "always" or "off", got null'],
  [{ accessLog: "no" }, 'log.accessLog: expected a function, got "no"'],
  [{ isError: true }, "log.isError: expected a function, got true"],
  [{ requestId: true }, "log.requestId: expected an object of options, got true"],
  [
    { requestId: { name: "x" } },
    'log.requestId: there is no option "name"; there are header, generate, propagate',
  ],
  [{ requestId: { header: "x y" } }, 'log.requestId.header: expected the name of a header, got "x y"'],
  [{ requestId: { generate: "x" } }, 'log.requestId.generate: expected a function, got "x"'],
  [{ requestId: { propagate: 1 } }, "log.requestId.propagate: expected true or false, got 1"],
])("%j is refused at once", (options, message) => {
  for (const make of [serverInterceptor, clientInterceptor]) {
    expect(() => make({ log: options as LogOptions })).toThrow(new TypeError(message));
  }
});

it("log options that are undefined are as if they were left out", () => {
  const undefinedOptions: Readonly<Record<string, unknown>> = { access: undefined, isError: undefined };
  expect(() => clientInterceptor({ log: undefinedOptions as LogOptions })).not.toThrow();
});
