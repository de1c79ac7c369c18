// Counts how often the kit entered an AsyncLocalStorage of its own, which it must not where OpenTelemetry has a context
// manager. Imported first, before any storage is used.
import { AsyncLocalStorage } from "node:async_hooks";

let entered = 0;
for (const name of ["run", "enterWith"]) {
  const original = AsyncLocalStorage.prototype[name];
  AsyncLocalStorage.prototype[name] = function (...args) {
    // The line below the message is this function, the next one its caller.
    if (/[\\/]node_modules[\\/]connect-clue[\\/]/.test(new Error().stack?.split("\n")[2] ?? "")) entered++;
    return original.apply(this, args);
  };
}

export function storagesOfTheKit() {
  return entered;
}
