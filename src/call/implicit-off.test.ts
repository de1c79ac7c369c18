import { context as otel } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runChild } from "../../test/support/child.js";
import { chatOver } from "../../test/support/context-chat.js";
import { collect, messageContexts, messageOf } from "../../test/support/context-observe.js";

const created = vi.hoisted(() => ({ storages: 0 }));

vi.mock("#platform", async (original) => {
  const platform = await original<typeof import("../platform/node.js")>();
  const createStorage: typeof platform.createStorage = () => {
    created.storages++;
    return platform.createStorage();
  };
  return { ...platform, createStorage };
});

/** The kit as a fresh process has it. */
async function freshKit() {
  vi.resetModules();
  // What copies of the kit share outlives its modules.
  Reflect.deleteProperty(globalThis, Symbol.for("connect-clue copies"));
  created.storages = 0;
  return await import("../index.js");
}

let kit: Awaited<ReturnType<typeof freshKit>>;
beforeEach(async () => {
  kit = await freshKit();
});
afterEach(() => otel.disable());

describe("implicitContext: false", () => {
  it("makes no storage; explicit contexts still work", async () => {
    const seen: unknown[] = [];
    const options = { log: false, implicitContext: false, observers: [messageContexts()] } as const;
    const { client } = await chatOver(
      "gRPC",
      {
        say(_request, context) {
          seen.push([
            "say",
            kit.contextOf() === kit.contextOf(context),
            kit.contextOf(context) !== undefined,
          ]);
          return {};
        },
        async *chat(requests, context) {
          for await (const [ctx, { text }] of kit.receive(requests, context)) {
            seen.push(["chat", messageOf(ctx), messageOf(kit.contextOf())]);
            yield { text };
          }
        },
        countdown: kit.eachMessage((ctx) => {
          seen.push(["countdown", messageOf(ctx), messageOf(kit.contextOf())]);
          return {};
        }),
      },
      { server: [kit.serverInterceptor(options)], client: [kit.clientInterceptor(options)] },
    );
    await client.say({});
    await collect(client.chat(feed("a", "b")));
    await collect(client.countdown({}));
    expect(seen).toEqual([
      ["say", false, true],
      ["chat", "server 1", undefined],
      ["chat", "server 2", undefined],
      ["countdown", "server 1", undefined],
    ]);
    expect(created.storages).toBe(0);
  });

  it("leaves OpenTelemetry's context manager in use", async () => {
    otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    let same: unknown;
    const { client } = await chatOver(
      "gRPC",
      {
        say(_request, context) {
          same = [kit.contextOf() === kit.contextOf(context), otel.active() === kit.contextOf(context)];
          return {};
        },
      },
      { server: [kit.serverInterceptor({ log: false, implicitContext: false })] },
    );
    await client.say({});
    expect(same).toEqual([true, true]);
    expect(created.storages).toBe(0);
  });

  it("can be said after calls have run: the storage is let go", async () => {
    const active: boolean[] = [];
    const { client } = await chatOver(
      "gRPC",
      {
        say(_request, context) {
          active.push(kit.contextOf() === kit.contextOf(context));
          return {};
        },
      },
      { server: [kit.serverInterceptor({ log: false })] },
    );
    await client.say({});
    kit.serverInterceptor({ implicitContext: false });
    await client.say({});
    expect({ active, storages: created.storages }).toEqual({ active: [true, false], storages: 1 });
  });

  it("makes no AsyncLocalStorage in a whole process", async () => {
    const results = await Promise.all([runChild("storage", ["false"]), runChild("storage", ["true"])]);
    expect(results).toEqual([
      { code: 0, stdout: "answered: hi\nstorages: 0\n", stderr: "" },
      { code: 0, stdout: "answered: hi\nstorages: 1\n", stderr: "" },
    ]);
  }, 60_000);
});

describe("implicitContext", () => {
  const conflict = (was: boolean, got: boolean) =>
    `implicitContext: it holds for the whole process and was already set to ${was}; got ${got}`;

  it("can be said once only; the same again is fine", () => {
    kit.serverInterceptor({ implicitContext: false });
    expect(() => kit.clientInterceptor({ implicitContext: false })).not.toThrow();
    expect(() => kit.clientInterceptor()).not.toThrow();
    expect(() => kit.clientInterceptor({ implicitContext: true })).toThrow(
      new TypeError(conflict(false, true)),
    );
  });

  it("can be said to be on, which then holds as well", () => {
    kit.clientInterceptor({ implicitContext: true });
    expect(() => kit.serverInterceptor({ implicitContext: true })).not.toThrow();
    expect(() => kit.serverInterceptor({ implicitContext: false })).toThrow(
      new TypeError(conflict(true, false)),
    );
  });

  it("is not taken from an interceptor that could not be made", () => {
    const bad = { implicitContext: true, filter: 5 as never };
    expect(() => kit.serverInterceptor(bad)).toThrow(TypeError);
    expect(() => kit.serverInterceptor({ implicitContext: false })).not.toThrow();
  });

  it.each([
    [null, "null"],
    ["off", '"off"'],
    [0, "0"],
  ])("refuses %j", (value, shown) => {
    expect(() => kit.serverInterceptor({ implicitContext: value as never })).toThrow(
      new TypeError(`implicitContext: expected true or false, got ${shown}`),
    );
  });

  it("makes no storage where OpenTelemetry has a context manager", async () => {
    otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const server = [kit.serverInterceptor({ log: false })];
    const { client } = await chatOver("gRPC", { say: () => ({}) }, { server });
    await client.say({});
    expect(created.storages).toBe(0);
  });

  it("makes no storage before the first call", () => {
    kit.serverInterceptor();
    expect(created.storages).toBe(0);
  });
});

async function* feed(...texts: string[]) {
  for (const text of texts) yield { text };
}
