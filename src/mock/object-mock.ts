import { check } from "../call/check.js";
import { inspect } from "../call/json.js";
import { checkKnown, unexpected } from "../call/options.js";
import { argumentsText } from "./arguments-text.js";
import { isAssertion } from "./assertion.js";
import { callSite } from "./call-site.js";
import { Expectations } from "./expectations.js";
import type { MockOptions } from "./options.js";
import { atEndOf } from "./test-end.js";
import { watched } from "./watched.js";

/** Options of {@link createMock} for an interface. */
export interface ObjectMockOptions extends MockOptions {
  /** What errors call it: an interface has no name at run time. Default: `object`. */
  readonly name?: string;
}

/** The names of the methods of an interface, optional ones too; not those of its other properties. */
export type ObjectMethodName<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends AnyFunction ? K : never;
}[keyof T] &
  string;

/** A method of an interface. */
export type ObjectMethod<T, K extends keyof T> = Extract<NonNullable<T[K]>, AnyFunction>;

/** A call of a method of a mocked object. */
export interface ObjectCall<T, K extends ObjectMethodName<T> = ObjectMethodName<T>> {
  readonly method: K;
  readonly args: Parameters<ObjectMethod<T, K>>;
}

/**
 * An object whose methods answer as a test says: the same verbs as {@link ServiceMock}, for any interface. They are not on
 * the {@link object} itself, so a method may be called `add` or `verify`.
 */
export class ObjectMock<T extends object> {
  /**
   * What to give to the code under test. A method that was not expected throws when it is called; what runtimes and printers
   * look for in any object (`then`, `toJSON`, symbols) is not there, unless it was added.
   */
  readonly object: T;
  private readonly target: Record<string, AnyFunction> = {};
  private readonly methods = new Map<string, AnyFunction>();
  private readonly expectations: Expectations<AnyFunction>;
  private readonly recorded: ObjectCall<T>[] = [];
  private readonly assertions = new WeakSet<object>();

  /** @throws TypeError for a bad option */
  constructor(options: ObjectMockOptions = {}) {
    checkKnown("createMock", options, ["name", "test"]);
    check("createMock: name", options.name, "a text", (name) => typeof name === "string");
    this.expectations = new Expectations(options.name ?? "object");
    this.object = new Proxy(this.target, { get: this.read, ...refusals }) as unknown as T;
    if (options.test !== undefined) atEndOf(options.test, () => this.verify());
  }

  /**
   * Appends to the sequence of calls that are expected, one for all methods.
   *
   * @param handler - answers that call. An `AssertionError` in it fails {@link verify}, too
   * @throws TypeError when this is no handler
   */
  add<K extends ObjectMethodName<T>>(method: K, handler: ObjectMethod<T, K>): this {
    this.define("add", method, handler);
    this.expectations.add({ method, handler, site: callSite(this.add) });
    return this;
  }

  /**
   * Says what answers all calls of a method that the sequence does not answer, in place of what was set before.
   *
   * @throws TypeError when this is no handler
   */
  set<K extends ObjectMethodName<T>>(method: K, handler: ObjectMethod<T, K>): this {
    this.define("set", method, handler);
    this.expectations.set({ method, handler, site: callSite(this.set) });
    return this;
  }

  /**
   * Takes what answers the next call of a method, as a call does.
   *
   * @throws MockError when no such call is expected now
   */
  next<K extends ObjectMethodName<T>>(method: K): ObjectMethod<T, K> {
    return this.expectations.take(method, () => `${method}(…)`).handler as ObjectMethod<T, K>;
  }

  /** Whether calls of the sequence are still to come. */
  hasMore(): boolean {
    return this.expectations.hasMore();
  }

  /**
   * Checks that all went as expected: the sequence is used up, and nobody called out of turn.
   *
   * @throws MockError that lists what did not
   */
  verify(): void {
    this.expectations.verify();
  }

  /** All calls so far, in order, those that were not expected too. */
  calls(): ObjectCall<T>[];
  /** The calls of one method so far, in order, those that were not expected too. */
  calls<K extends ObjectMethodName<T>>(method: K): ObjectCall<T, K>[];
  calls(method?: string): ObjectCall<T>[] {
    return this.recorded.filter((call) => method === undefined || call.method === method);
  }

  /** Lets Node's `console.log` show what is mocked. */
  [inspect](): string {
    return `ObjectMock(${this.expectations.mocked})`;
  }

  private readonly read = (target: object, key: string | symbol): unknown => {
    const isUnknown = typeof key === "string" && isMethodName(key) && !Reflect.has(target, key);
    return isUnknown ? this.method(key) : Reflect.get(target, key);
  };

  /** What was added is a property like any other, for those who list them, compare them or copy them. */
  private define(verb: string, name: string, handler: unknown): void {
    if (typeof name !== "string") throw unexpected(`${verb}: method`, "a name", name);
    if (typeof handler !== "function") throw unexpected(`${verb}: handler of ${name}`, "a function", handler);
    const value = this.method(name);
    if (!Object.hasOwn(this.target, name)) {
      Object.defineProperty(this.target, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }

  /** The same each time, as methods are. */
  private method(name: string): AnyFunction {
    const method = this.methods.get(name) ?? this.newMethod(name);
    this.methods.set(name, method);
    return method;
  }

  private newMethod(name: string): AnyFunction {
    const method = (...args: unknown[]) => {
      this.recorded.push({ method: name, args } as unknown as ObjectCall<T>);
      const { handler } = this.expectations.take(name, () => `${name}(${argumentsText(args)})`);
      const run = () => Reflect.apply(handler, this.object, args);
      return watched(run, (error) => this.threw(name, error));
    };
    return Object.defineProperty(method, "name", { value: name });
  }

  /** Remembers an assertion that fails in a handler; once, though it may pass several that watch. */
  private threw(name: string, error: unknown): void {
    if (!isAssertion(error) || this.assertions.has(error)) return;
    this.assertions.add(error);
    this.expectations.failed(`${name} threw ${error}`);
  }
}

/** Any method: what it takes and gives back is asked of the interface. */
type AnyFunction = (...args: never) => unknown;

/** Whether an unknown property can be a method, and is none of those that runtimes and printers ask any object for. */
function isMethodName(key: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) && !probed.has(key);
}

const probed = new Set([
  "then",
  "toJSON",
  "inspect",
  "asymmetricMatch",
  "toAsymmetricMatcher",
  "_isMockFunction",
  "getMockName",
  "nodeType",
  "tagName",
  "hasAttribute",
  "$$typeof",
]);

const refusals = { set: refuse, defineProperty: refuse, deleteProperty: refuse };

function refuse(_target: object, key: string | symbol): never {
  throw new TypeError(
    `${String(key)}: a mocked object can't be written to: say set("${String(key)}", …) to its mock`,
  );
}
