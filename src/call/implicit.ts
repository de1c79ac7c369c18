import { type Context, context as otel, ROOT_CONTEXT } from "@opentelemetry/api";
import { type ContextStorage, createStorage } from "#platform";
import { describe } from "./options.js";

/**
 * The implicit context: OpenTelemetry's own where a context manager is registered, else the kit's
 * AsyncLocalStorage. The kit never registers a manager itself, so that a later registration always works.
 */

let choice: boolean | undefined;
let storage: ContextStorage<Context> | undefined;
let watcher: ((ctx: Context) => void) | undefined;

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
  if (choice !== undefined && choice !== enabled) {
    throw new TypeError(
      `implicitContext: it holds for the whole process and was already set to ${choice}; got ${enabled}`,
    );
  }
  choice = enabled;
  if (!enabled) {
    storage?.disable();
    storage = undefined;
  }
}

/**
 * Runs `fn(argument)` with `ctx` as the active context, for OpenTelemetry where a context manager is
 * registered and for {@link activeContext} in any case.
 */
export function runIn<A, R>(ctx: Context, fn: (argument: A) => R, argument: A): R {
  if (watcher !== undefined) return runWatched(watcher, ctx, fn, argument);
  return otel.with(ctx, enter<A, R>, undefined, ctx, fn, argument);
}

/**
 * Hears of the context that {@link runIn} goes into, and of the one it comes back to. One watcher at a time: a CPU
 * profile, which tells samples of different methods apart by it. Undefined ends it.
 */
export function watchContexts(watch: ((ctx: Context) => void) | undefined): void {
  watcher = watch;
}

/** The active context: OpenTelemetry's, else the kit's, else the root context. */
export function activeContext(): Context {
  const ctx = otel.active();
  return ctx !== ROOT_CONTEXT ? ctx : (storage?.getStore() ?? ROOT_CONTEXT);
}

/** Runs inside OpenTelemetry's `with`: where that took effect, a manager is registered and nothing is left to do. */
function enter<A, R>(ctx: Context, fn: (argument: A) => R, argument: A): R {
  if (choice === false) return fn(argument);
  if (ctx === ROOT_CONTEXT) {
    return storage?.getStore() === undefined ? fn(argument) : storage.run(ctx, fn, argument);
  }
  // Any context but the root one: managers may enter one of their own, made from `ctx`, as Sentry's does.
  if (otel.active() !== ROOT_CONTEXT) return fn(argument);
  storage ??= createStorage<Context>();
  return storage === undefined ? fn(argument) : storage.run(ctx, fn, argument);
}

function runWatched<A, R>(
  watch: (ctx: Context) => void,
  ctx: Context,
  fn: (argument: A) => R,
  argument: A,
): R {
  const outer = activeContext();
  watch(ctx);
  try {
    return otel.with(ctx, enter<A, R>, undefined, ctx, fn, argument);
  } finally {
    watch(outer);
  }
}
