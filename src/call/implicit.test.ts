import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type Context,
  type ContextManager,
  createContextKey,
  context as otel,
  ROOT_CONTEXT,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Chat, chatOver, type Way, ways } from "../../test/support/context-chat.js";
import { collect, deferred, requestQueue } from "../../test/support/context-observe.js";
import { clientInterceptor, contextOf, receive, serverInterceptor } from "../index.js";
import { callOf } from "./call.js";
import { activeContext } from "./implicit.js";

const server = [serverInterceptor({ log: false })];
const client = [clientInterceptor({ log: false })];

/** Notes at each point of a handler which call the implicit contexts hold: the kit's, and OpenTelemetry's. */
function notes() {
  const points: string[] = [];
  const note = (point: string, context: HandlerContext) => {
    const own = contextOf(context);
    const kit =
      activeContext() === own ? "the call's" : activeContext() === ROOT_CONTEXT ? "none" : "another";
    const api = otel.active() === own ? "the call's" : otel.active() === ROOT_CONTEXT ? "none" : "another";
    points.push(`${point}: ${kit}, ${api}`);
  };
  return { points, note };
}

afterEach(() => {
  vi.restoreAllMocks();
  otel.disable();
});

describe.each([
  { sdk: "without a context manager", api: "none" },
  { sdk: "with OpenTelemetry's context manager", api: "the call's" },
])("the implicit context of a handler, $sdk", ({ api }) => {
  function registerManager() {
    if (api === "the call's") otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }
  const right = (...points: string[]) => points.map((point) => `${point}: the call's, ${api}`);

  it.each(ways)("is the call's at every point of a bidi stream: %s", async (way) => {
    registerManager();
    const { points, note } = notes();
    const chat: Chat = {
      async *chat(requests, context) {
        note("start", context);
        const spawned: Promise<void>[] = [];
        try {
          for await (const { text } of requests) {
            note(`received ${text}`, context);
            await setImmediate();
            note(`awaited ${text}`, context);
            spawned.push(setImmediate().then(() => note(`spawned ${text}`, context)));
            await Promise.all(spawned);
            yield { text };
            note(`yielded ${text}`, context);
          }
        } finally {
          note("finally", context);
          await setImmediate();
          note("end", context);
        }
      },
    };
    const { client: caller } = await chatOver(way, chat, { server, client });
    await collect(caller.chat(feed("a", "b")));
    expect(points).toEqual(
      right(
        ...["start", "received a", "awaited a", "spawned a", "yielded a"],
        ...["received b", "awaited b", "spawned b", "yielded b", "finally", "end"],
      ),
    );
  });

  it.each<Way>([...ways, "Connect over HTTP/1.1"])(
    "is the call's in the other three kinds: %s",
    async (way) => {
      registerManager();
      const { points, note } = notes();
      const chat: Chat = {
        async say(_request, context) {
          note("unary start", context);
          await setImmediate();
          note("unary end", context);
          return {};
        },
        async upload(requests, context) {
          note("upload start", context);
          let count = 0;
          for await (const _ of requests) {
            note("upload received", context);
            count++;
            await setImmediate();
          }
          note("upload end", context);
          return { count };
        },
        async *countdown(_request, context) {
          note("countdown start", context);
          try {
            yield { n: 1 };
            note("countdown yielded", context);
            await setImmediate();
            yield { n: 0 };
          } finally {
            note("countdown end", context);
          }
        },
      };
      const { client: caller } = await chatOver(way, chat, { server, client });
      await caller.say({});
      await caller.upload(feed("a", "b"));
      await collect(caller.countdown({}));
      expect(points).toEqual(
        right(
          ...["unary start", "unary end"],
          ...["upload start", "upload received", "upload received", "upload end"],
          ...["countdown start", "countdown yielded", "countdown end"],
        ),
      );
    },
  );

  it.each<Way>(["gRPC", "Connect over HTTP/2", "Connect over HTTP/1.1"])(
    "is the call's in `finally` and after it when the client has gone: %s",
    async (way) => {
      registerManager();
      // Connect reports a broken pipe itself.
      vi.spyOn(console, "error").mockImplementation(() => {});
      const { points, note } = notes();
      const left = deferred();
      const chat: Chat = {
        async *countdown(_request, context) {
          try {
            for (let n = 0; ; n++) {
              yield { n };
              // On Node 26, Connect never closes a handler of HTTP/2 whose write waits for the client.
              if (way !== "Connect over HTTP/1.1") await setImmediate();
            }
          } finally {
            note("finally", context);
            await setImmediate();
            note("end", context);
            left.resolve();
          }
        },
      };
      const { client: caller } = await chatOver(way, chat, { server, client });
      for await (const _ of receive(caller.countdown({}))) break;
      await left.promise;
      expect(points).toEqual(right("finally", "end"));
    },
  );

  it("is the call's after a cancel that wakes the handler", async () => {
    registerManager();
    const { points, note } = notes();
    const left = deferred();
    const chat: Chat = {
      async *chat(requests, context) {
        try {
          for await (const _ of receive(requests, context)) yield {};
        } catch {
          note("woken", context);
          await setImmediate();
          note("awaited", context);
          left.resolve();
        }
      },
    };
    const { client: caller, shutdown } = await chatOver("gRPC", chat, { server, client });
    const requests = requestQueue<{ text: string }>();
    requests.push({ text: "a" });
    const responses = caller.chat(requests)[Symbol.asyncIterator]();
    await responses.next();
    shutdown(new Error("stop"));
    await left.promise;
    await responses.next().catch(() => {});
    expect(points).toEqual(right("woken", "awaited"));
  });

  it("is nobody's outside of calls, and does not leak from one call into the next", async () => {
    registerManager();
    const seen: unknown[] = [];
    const chat: Chat = {
      say: (_request, context) => {
        seen.push(activeContext() === contextOf(context), callOf(activeContext())?.method);
        return {};
      },
    };
    const { client: caller } = await chatOver("gRPC", chat, { server, client });
    await caller.say({});
    expect(activeContext()).toBe(ROOT_CONTEXT);
    await Promise.all([caller.say({}), caller.say({})]);
    expect(activeContext()).toBe(ROOT_CONTEXT);
    expect(seen).toEqual([true, "Say", true, "Say", true, "Say"]);
  });
});

describe("OpenTelemetry's context manager, registered while a stream runs", () => {
  it.each(ways)("is taken, and used from the next pull on: %s", async (way) => {
    const { points, note } = notes();
    const chat: Chat = {
      async *chat(requests, context) {
        for await (const { text } of requests) {
          note(`received ${text}`, context);
          yield { text };
          note(`yielded ${text}`, context);
        }
        note("end", context);
      },
    };
    const { client: caller } = await chatOver(way, chat, { server, client });
    const requests = requestQueue<{ text: string }>();
    const responses = caller.chat(requests)[Symbol.asyncIterator]();
    const exchange = (text: string) => {
      requests.push({ text });
      return responses.next();
    };
    await exchange("a");
    const registered = otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    await exchange("b");
    await exchange("c");
    requests.end();
    await responses.next();
    expect(registered).toBe(true);
    // Of the in-memory transport the client pulls, so that the next pull comes before the second message.
    const b = way === "in memory" ? "the call's" : "none";
    expect(points).toEqual([
      "received a: the call's, none",
      `yielded a: the call's, ${b}`,
      `received b: the call's, ${b}`,
      "yielded b: the call's, the call's",
      "received c: the call's, the call's",
      "yielded c: the call's, the call's",
      "end: the call's, the call's",
    ]);
  });
});

describe("a context manager that enters a context of its own making, as Sentry's does", () => {
  it("is entered alone, without the kit's storage beside it", async () => {
    const storage = new AsyncLocalStorage<Context>();
    const scope = createContextKey("scope");
    const manager: ContextManager = {
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (ctx, fn, self, ...args) => storage.run(ctx.setValue(scope, {}), () => fn.apply(self, args)),
      bind: (_ctx, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    otel.setGlobalContextManager(manager);
    const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
    const methods: unknown[] = [];
    const chat: Chat = {
      async say() {
        await setImmediate();
        methods.push(callOf(activeContext())?.method);
        return {};
      },
    };
    const { client: caller } = await chatOver("in memory", chat, { server, client });
    await caller.say({});
    expect(methods).toEqual(["Say"]);
    expect(new Set(run.mock.contexts)).toEqual(new Set([storage]));
  });
});

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}
