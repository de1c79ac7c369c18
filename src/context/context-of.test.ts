import type { HandlerContext } from "@connectrpc/connect";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { chatOver } from "../../test/support/context-chat.js";
import { callOf } from "../call/call.js";
import { runIn } from "../call/implicit.js";
import { contextOf, serverInterceptor } from "../index.js";
import { callOfContext, isHandlerContext } from "./context-of.js";

const some = ROOT_CONTEXT.setValue(Symbol("some"), 1);

/** Looks at a handler's context while its call runs. */
async function inHandler<T>(look: (context: HandlerContext) => T, observed = true): Promise<T> {
  const seen: T[] = [];
  const { client } = await chatOver(
    "in memory",
    {
      say(_request, context) {
        seen.push(look(context));
        return {};
      },
    },
    observed ? { server: [serverInterceptor({ log: false })] } : {},
  );
  await client.say({});
  return seen[0] as T;
}

it("returns an OpenTelemetry context as it is", () => {
  expect(contextOf(some)).toBe(some);
  expect(contextOf(ROOT_CONTEXT)).toBe(ROOT_CONTEXT);
  expect(runIn(some, () => contextOf(ROOT_CONTEXT), undefined)).toBe(ROOT_CONTEXT);
});

it("is the active context when it is asked for none", () => {
  expect(contextOf()).toBe(ROOT_CONTEXT);
  expect(runIn(some, () => contextOf(), undefined)).toBe(some);
});

it("is the call's context for a handler, which carries the call", async () => {
  const seen = await inHandler((context) => {
    const ctx = contextOf(context);
    const call = callOf(ctx);
    return [
      call?.path,
      call?.ctx === ctx,
      callOfContext(context) === call,
      callOfContext(undefined) === call,
      runIn(some, () => contextOf(context), undefined) === ctx,
    ];
  });
  expect(seen).toEqual(["chat.v1.ChatService/Say", true, true, true, true]);
});

it("is the active context for a handler that no interceptor observes", async () => {
  const seen = await inHandler(
    (context) => [
      contextOf(context) === ROOT_CONTEXT,
      runIn(some, () => contextOf(context), undefined) === some,
      callOfContext(context),
    ],
    false,
  );
  expect(seen).toEqual([true, true, undefined]);
});

it("tells a handler's context from OpenTelemetry's", async () => {
  expect(await inHandler(isHandlerContext)).toBe(true);
  expect(isHandlerContext(some)).toBe(false);
});
