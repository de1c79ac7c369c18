import type { Context } from "@opentelemetry/api";
import { activeContext, implicit, run } from "./implicit.js";

/**
 * Called with the context that `runIn` enters, and with the one that it returns to. One watcher at a time: a CPU
 * profile, which tells samples of different methods apart by it. Undefined ends it.
 */
export function watchContexts(watch: ((ctx: Context) => void) | undefined): void {
  implicit.runWatched =
    watch &&
    ((ctx, fn, argument) => {
      const outer = activeContext();
      watch(ctx);
      try {
        return run(ctx, fn, argument);
      } finally {
        watch(outer);
      }
    });
}
