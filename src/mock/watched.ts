import { isObject } from "../call/options.js";

type Method = (this: unknown, ...args: unknown[]) => unknown;
type OnError = (error: unknown) => void;

/**
 * Runs something, and tells of what it throws, now or later: in a promise, or in what else has a `then`, and in an iterator or a
 * stream. These are watched in place, so they stay what they are; one that starts when it is awaited starts no earlier, and once.
 *
 * @returns what it gives
 */
export function watched<T>(run: () => T, onError: OnError): T {
  try {
    const result = run();
    if (isObject(result)) watch(result, onError);
    return result;
  } catch (error) {
    onError(error);
    throw error;
  }
}

function watch(value: object, onError: OnError): void {
  replace(value, "then", (then) => {
    // `await` does not ask a promise of the language for its `then`.
    if (then !== Promise.prototype.then) return watchedThen(then, onError);
    Reflect.apply(then, value, [undefined, onError]);
    return then;
  });
  if (!(Symbol.asyncIterator in value) && !(Symbol.iterator in value)) return;
  if ("next" in value) watchSteps(value, onError);
  else replace(value, Symbol.asyncIterator, (iterate) => watchedStream(iterate, onError));
}

function watchedThen(then: Method, onError: OnError): Method {
  return function (done, failed) {
    const onFailure = (error: unknown): unknown => {
      onError(error);
      if (typeof failed === "function") return failed(error);
      throw error;
    };
    return Reflect.apply(then, this, [done, onFailure]);
  };
}

function watchedStream(iterate: Method, onError: OnError): Method {
  return function (...args) {
    const iterator = Reflect.apply(iterate, this, args);
    if (isObject(iterator)) watchSteps(iterator, onError);
    return iterator;
  };
}

function watchSteps(iterator: object, onError: OnError): void {
  for (const name of ["next", "return", "throw"]) {
    replace(iterator, name, (step) => {
      return function (...args) {
        return watched(() => Reflect.apply(step, this, args), onError);
      };
    });
  }
}

/** Replaces a method of an object, where there is one and the object allows it: it may be frozen, or a mocked one. */
function replace(object: object, name: string | symbol, by: (method: Method) => Method): void {
  const method = Reflect.get(object, name);
  if (typeof method !== "function") return;
  const replacement = by(method);
  if (replacement === method) return;
  try {
    Reflect.defineProperty(object, name, { value: replacement, configurable: true, writable: true });
  } catch {
    // Then nobody watches it.
  }
}
