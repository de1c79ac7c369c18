import { ConnectError } from "@connectrpc/connect";
import { type Context, type DiagLogger, DiagLogLevel, diag, ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Chat, chatOver, ways } from "../../test/support/context-chat.js";
import { collect, until } from "../../test/support/context-observe.js";
import {
  type CallObserver,
  type CallObserverFactory,
  clientInterceptor,
  contextOf,
  receive,
  serverInterceptor,
} from "../index.js";
import { liveCalls } from "./call.js";

/** What `diag` was told: the message and the error. */
let faults: unknown[][] = [];
const listening: DiagLogger = {
  error: (...told) => void faults.push(told),
  warn: (...told) => void faults.push(told),
  info() {},
  debug() {},
  verbose() {},
};
const once = (what: string) =>
  `connect-clue: ${what} failed; the call is not affected, and this is reported once`;

beforeEach(() => {
  faults = [];
  diag.setLogger(listening, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
});
afterEach(async () => {
  diag.disable();
  await until(() => liveCalls.size === 0);
});

const chat: Chat = {
  say({ text }, context) {
    context.responseHeader.set("x-answered", "yes");
    if (text === "fail") throw new ConnectError("no", 9);
    return { text };
  },
  async upload(requests) {
    return { count: (await collect(requests)).length };
  },
  async *countdown({ from }) {
    for (let n = from; n > 0; n--) yield { n };
    throw new Error("liftoff");
  },
  async *chat(requests, context) {
    for await (const [ctx, { text }] of receive(requests, context)) {
      yield { text: `${text} ${typeof ctx.getValue} ${typeof contextOf(context).getValue}` };
    }
  },
};

/** Calls of all kinds, and all that a client sees of them. */
async function allThatAClientSees(
  way: (typeof ways)[number],
  observers: readonly CallObserverFactory[] | undefined,
): Promise<unknown> {
  const options = observers && { log: false as const, observers };
  const { client } = await chatOver(
    way,
    chat,
    options && { server: [serverInterceptor(options)], client: [clientInterceptor(options)] },
  );
  const headers: (string | null)[] = [];
  const onHeader = (header: Headers) => void headers.push(header.get("x-answered"));
  const settled = await Promise.allSettled([
    client.say({ text: "hi" }, { onHeader }),
    client.say({ text: "fail" }),
    client.upload(feed("a", "b")),
    collect(client.countdown({ from: 2 })),
    collect(client.chat(feed("a", "b"))),
  ]);
  const results = settled.map((result) => {
    if (result.status === "fulfilled") return result.value;
    const { code, rawMessage, details } = ConnectError.from(result.reason);
    return { code, rawMessage, details };
  });
  return { headers, results };
}

const hooks = ["onReceive", "onSend", "onResponseHeader", "onEnd"] as const;

/** Observers that do at a hook what no observer should. */
const misdeeds: Record<string, { readonly act: () => unknown; readonly reported: boolean }> = {
  throws: { act: () => raise(new Error("thrown")), reported: true },
  "throws undefined": { act: () => raise(undefined), reported: true },
  "returns a promise that rejects": {
    act: () => Promise.reject(new Error("rejected")),
    reported: true,
  },
  "returns a promise that never settles": { act: () => new Promise(() => {}), reported: false },
  "returns a thenable that throws": {
    act: () => thenable({ value: () => raise(new Error("then")) }),
    reported: true,
  },
  "returns an object whose `then` can't be read": {
    act: () => thenable({ get: () => raise(new Error("unreadable")) }),
    reported: true,
  },
  "returns garbage": { act: () => garbage(), reported: false },
};

/** The same observer for each hook alone, that does it on every occasion. */
function misbehaving(hook: (typeof hooks)[number], act: () => unknown): CallObserverFactory {
  return () => ({ [hook]: act }) as CallObserver;
}

describe.each(ways)("an observer that misbehaves, %s", (way) => {
  it.each(Object.entries(misdeeds))("leaves calls as they are without it: %s", async (_name, misdeed) => {
    const culprits = hooks.map((hook) => misbehaving(hook, misdeed.act));
    const bare = await allThatAClientSees(way, undefined);
    expect(await allThatAClientSees(way, culprits)).toEqual(bare);
    expect(await allThatAClientSees(way, culprits)).toEqual(bare);
    await until(() => liveCalls.size === 0);
    expect(faults.map(([message]) => message)).toEqual(
      misdeed.reported ? Array(hooks.length).fill(once("an observer")) : [],
    );
  });

  it.each<[string, unknown, string | undefined]>([
    ["throws", () => raise(new Error("no observer")), "no observer"],
    ["returns a number", () => 5, "expected an observer or nothing, got number"],
    ["returns a string", () => "observer", "expected an observer or nothing, got string"],
    ["returns null", () => null, undefined],
    ["returns an empty object", () => ({}), undefined],
    ["returns an array", () => [], undefined],
  ])("leaves calls as they are when its factory %s", async (_name, factory, error) => {
    const bare = await allThatAClientSees(way, undefined);
    const culprits = [factory as CallObserverFactory];
    expect(await allThatAClientSees(way, culprits)).toEqual(bare);
    expect(await allThatAClientSees(way, culprits)).toEqual(bare);
    expect(faults.map(([message, cause]) => [message, (cause as Error).message])).toEqual(
      error === undefined ? [] : [[once("an observer factory"), error]],
    );
  });
});

describe("observers", () => {
  it("all run, in their order, whatever those before them do", async () => {
    const events: string[] = [];
    const noting =
      (name: string): CallObserverFactory =>
      ({ side }) => {
        if (side === "client") return undefined;
        const note = (hook: string) => void events.push(`${name} ${hook}`);
        return {
          onReceive: () => note("onReceive"),
          onSend: () => note("onSend"),
          onResponseHeader: () => note("onResponseHeader"),
          onEnd: () => note("onEnd"),
        };
      };
    const failing: CallObserverFactory = () =>
      Object.fromEntries(hooks.map((hook) => [hook, () => raise(new Error(hook))]));
    const observers = [noting("first"), failing, () => raise(new Error("none")), noting("last")];
    const { client } = await chatOver("in memory", chat, {
      server: [serverInterceptor({ log: false, observers })],
    });
    await client.say({ text: "hi" });
    expect(events).toEqual(
      ["onReceive", "onResponseHeader", "onSend", "onEnd"].flatMap((hook) => [
        `first ${hook}`,
        `last ${hook}`,
      ]),
    );
  });

  it("keep the context that an earlier one gave, when a later one gives none or garbage", async () => {
    const given = ROOT_CONTEXT.setValue(Symbol("given"), 1);
    const seen: boolean[] = [];
    const observers: CallObserverFactory[] = [
      () => ({ onReceive: () => given }),
      () => ({ onReceive: () => garbage() as Context }),
      () => ({ onReceive: () => raise(new Error("no context")) }),
      () => ({ onReceive: (ctx) => void seen.push(ctx === given) }),
    ];
    const { client } = await chatOver(
      "in memory",
      {
        async *chat(requests, context) {
          for await (const [ctx] of receive(requests, context)) seen.push(ctx === given);
          yield {};
        },
      },
      { server: [serverInterceptor({ log: false, observers })] },
    );
    await collect(client.chat(feed("a")));
    expect(seen).toEqual([true, true]);
  });

  it("are reported one by one, each with its first fault", async () => {
    const factories = ["one", "two"].map(
      (name): CallObserverFactory =>
        () => ({ onSend: () => raise(new Error(name)), onEnd: () => raise(new Error(`${name}, later`)) }),
    );
    const { client } = await chatOver("in memory", chat, {
      server: [serverInterceptor({ log: false, observers: factories })],
    });
    await Promise.all(Array.from({ length: 20 }, () => client.say({ text: "hi" })));
    expect(faults).toEqual([
      [once("an observer"), new Error("one")],
      [once("an observer"), new Error("two")],
    ]);
  });

  it("reach no call through a diag logger that throws either", async () => {
    diag.disable();
    const broken = () => raise(new Error("diag is broken"));
    diag.setLogger(
      { error: broken, warn: broken, info() {}, debug() {}, verbose: broken },
      { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
    );
    const bare = await allThatAClientSees("in memory", undefined);
    const culprits = hooks.map((hook) => misbehaving(hook, () => raise(new Error("thrown"))));
    expect(await allThatAClientSees("in memory", culprits)).toEqual(bare);
  });

  it("need not be: no logger of diag's, no fault", async () => {
    diag.disable();
    const bare = await allThatAClientSees("in memory", undefined);
    expect(await allThatAClientSees("in memory", [() => raise(new Error("none"))])).toEqual(bare);
  });
});

function raise(error: unknown): never {
  throw error;
}

/** What `await` would take for a promise. */
function thenable(property: PropertyDescriptor): object {
  const name = "then";
  return Object.defineProperty({}, name, property);
}

/** Something else each time. */
function garbage(): unknown {
  const values = [5, "text", true, Symbol("s"), [], {}, () => {}, Number.NaN, 0n, thenable({ value: 5 })];
  turn = (turn + 1) % values.length;
  return values[turn];
}
let turn = 0;

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}
