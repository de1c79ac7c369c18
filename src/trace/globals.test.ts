import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  type ContextManager,
  context,
  createContextKey,
  diag,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { type TestSpans, testSpans } from "connect-clue/testing-telemetry";
import { afterEach, expect, it, vi } from "vitest";
import { startChat } from "../../test/support/chat-server.js";
import { bothSpans, tracedChat } from "../../test/support/traced-chat.js";

const handlers = { say: () => ({}) };

function register({ options }: TestSpans): void {
  trace.setGlobalTracerProvider(options.tracerProvider);
  propagation.setGlobalPropagator(options.propagator);
}

afterEach(() => {
  context.disable();
  trace.disable();
  propagation.disable();
  diag.disable();
});

it("takes the global provider and propagator as they are when a call begins", async () => {
  const { client } = await startChat(handlers);
  await client.say({});

  const first = testSpans();
  register(first);
  await client.say({});
  expect(await first.ended(2)).toEqual(bothSpans("Say"));

  trace.disable();
  propagation.disable();
  await client.say({});

  const second = testSpans();
  register(second);
  await client.say({});
  expect(await second.ended(2)).toEqual(bothSpans("Say"));
  expect(first.all().length).toBe(2);
});

it("injects the active context where the propagator knows no other, as Sentry's", async () => {
  const spans = testSpans();
  const { propagator } = spans.options;
  const refused: Context[] = [];
  const sentry: TextMapPropagator = {
    inject: (ctx, carrier, setter) => {
      if (ctx === context.active()) propagator.inject(ctx, carrier, setter);
      else refused.push(ctx);
    },
    extract: (ctx, carrier, getter) => propagator.extract(ctx, carrier, getter),
    fields: () => ["sentry-trace", "baggage"],
  };
  trace.setGlobalTracerProvider(spans.options.tracerProvider);
  propagation.setGlobalPropagator(sentry);
  context.setGlobalContextManager(derivingManager());
  const { client } = await startChat(handlers);
  await client.say({});
  expect(await spans.ended(2)).toEqual(bothSpans("Say"));
  expect(refused).toEqual([]);
});

it("leaves them alone where others are given", async () => {
  const global = testSpans();
  register(global);
  const { client, spans } = await tracedChat(handlers);
  await client.say({});
  expect(await spans.ended(2)).toEqual(bothSpans("Say"));
  expect(global.all()).toEqual([]);
});

it("warns once when spans are recorded and the propagator is the no-op one", async () => {
  const warn = vi.fn();
  const ignore = () => {};
  diag.setLogger({ warn, error: ignore, info: ignore, debug: ignore, verbose: ignore });
  const { tracerProvider } = testSpans().options;

  const noSpans = await startChat(handlers);
  await noSpans.client.say({});
  const propagated = await tracedChat(handlers);
  await propagated.client.say({});
  expect(warn.mock.calls).toEqual([]);

  const options = {
    serverOptions: { trace: { tracerProvider } },
    clientOptions: { trace: { tracerProvider } },
  };
  const recorded = await startChat(handlers, options);
  await recorded.client.say({});
  await recorded.client.say({});
  expect(warn.mock.calls).toEqual([
    [
      "connect-clue: spans are recorded, but the propagator is the no-op one: traces end at this process; " +
        "register a propagator (configureOpenTelemetry does), or give one as trace.propagator",
    ],
  ]);
});

/** A context manager that enters a context made from the one that it is given, as Sentry's does. */
function derivingManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const scope = createContextKey("scope");
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (ctx, fn, self, ...args) => storage.run(ctx.setValue(scope, {}), () => fn.apply(self, args)),
    bind: (_ctx, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
