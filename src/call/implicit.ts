import { type Context, context as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import { type ContextStorage, createStorage } from "#platform";
import { describe } from "./options.js";
import { shared } from "./shared.js";

/**
 * The implicit context: OpenTelemetry's own where a context manager is registered, else the kit's
 * AsyncLocalStorage. The kit never registers a manager itself, so that a later registration always works.
 */

interface Implicit {
  choice: boolean | undefined;
  storage: ContextStorage<Context> | undefined;
  /** In place of {@link run}, while somebody watches. */
  runWatched: typeof run | undefined;
}

/** The same for all copies of the kit. */
export const implicit: Implicit = shared<Implicit>("implicit context", () => ({
  choice: undefined,
  storage: undefined,
  runWatched: undefined,
}));

/**
 * Switches the kit's own implicit context on or off for the whole process. It can be said once;
 * saying the same again is fine.
 *
 * @throws TypeError when another interceptor of this process said the opposite
 */
export function chooseImplicitContext(enabled: boolean): void {
  if (typeof enabled !== "boolean") {
    throw new TypeError(`implicitContext: expected true or false, got ${describe(enabled)}`);
  }
  const { choice, storage } = implicit;
  if (choice !== undefined && choice !== enabled) {
    throw new TypeError(
      `implicitContext: it holds for the whole process and was already set to ${choice}; got ${enabled}`,
    );
  }
  implicit.choice = enabled;
  if (!enabled) {
    storage?.disable();
    implicit.storage = undefined;
  }
}

/**
 * Runs `fn(argument)` with `ctx` as the active context, for OpenTelemetry where a context manager is
 * registered and for {@link activeContext} in any case.
 */
export function runIn<A, R>(ctx: Context, fn: (argument: A) => R, argument: A): R {
  return implicit.runWatched === undefined ? run(ctx, fn, argument) : implicit.runWatched(ctx, fn, argument);
}

/** What {@link runIn} does where nobody watches. */
export function run<A, R>(ctx: Context, fn: (argument: A) => R, argument: A): R {
  return otel.with(ctx, enter<A, R>, undefined, ctx, fn, argument);
}

/** The active context: OpenTelemetry's, else the kit's, else the root context. */
export function activeContext(): Context {
  const ctx = otel.active();
  return ctx !== ROOT_CONTEXT ? ctx : (implicit.storage?.getStore() ?? ROOT_CONTEXT);
}

/** Runs inside OpenTelemetry's `with`: where that took effect, a manager is registered and nothing is left to do. */
function enter<A, R>(ctx: Context, fn: (argument: A) => R, argument: A): R {
  if (implicit.choice === false) return fn(argument);
  const { storage } = implicit;
  if (ctx === ROOT_CONTEXT) {
    return storage?.getStore() === undefined ? fn(argument) : storage.run(ctx, fn, argument);
  }
  // Any context but the root one: managers may enter one of their own, made from `ctx`, as Sentry's does.
  if (otel.active() !== ROOT_CONTEXT) return fn(argument);
  implicit.storage = storage ?? createStorage<Context>();
  return implicit.storage === undefined ? fn(argument) : implicit.storage.run(ctx, fn, argument);
}
