type OnError = (error: unknown) => void;

/**
 * Runs something, and tells of what it throws: at once, in the promise that it gives, or in the generator that it gives or
 * promises. What else it gives is handed on as it is: it may belong to others.
 *
 * @returns what it gives; a promise that nobody handles is still one that nobody handles
 */
export function watched(run: () => unknown, onError: OnError): unknown {
  try {
    return followed(run(), onError);
  } catch (error) {
    onError(error);
    throw error;
  }
}

function followed(result: unknown, onError: OnError): unknown {
  if (isGenerator(result)) return watchedGenerator(result, onError);
  if (!(result instanceof Promise)) return result;
  return result.then(
    (value) => followed(value, onError),
    (error) => {
      onError(error);
      throw error;
    },
  );
}

/** A generator with the same prototype, which tells of what each step throws. */
function watchedGenerator<T extends AnyGenerator>(generator: T, onError: OnError): T {
  const step =
    (name: Step) =>
    (...args: unknown[]) =>
      watched(() => Reflect.apply(generator[name], generator, args), onError);
  const steps = { next: step("next"), return: step("return"), throw: step("throw") };
  return Object.assign(Object.create(Object.getPrototypeOf(generator)), steps);
}

type Step = "next" | "return" | "throw";
type AnyGenerator = Record<Step, (...args: unknown[]) => unknown>;

/** Whether this is what a `function*` or an `async function*` gave. */
function isGenerator(value: unknown): value is AnyGenerator {
  try {
    return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(value));
  } catch {
    // A proxy that lets nobody look.
    return false;
  }
}
