import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  createRouterTransport,
  type HandlerContext,
  type MethodImpl,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import { inspect } from "../call/json.js";
import { checkKnown, unexpected } from "../call/options.js";
import { isAssertion } from "./assertion.js";
import type { WaitingOptions } from "./awaited.js";
import { callSite } from "./call-site.js";
import { errorMessage } from "./error-message.js";
import { type Expectation, Expectations } from "./expectations.js";
import { type AnyHandler, mockedMethod } from "./mocked-method.js";
import type { MockOptions } from "./options.js";
import type { RecordedCall, Recording } from "./recorded-call.js";
import { RecordedCalls } from "./recorded-calls.js";
import type { Script } from "./script.js";
import { ScriptBuilder } from "./script-builder.js";
import { scriptHandler } from "./script-handler.js";
import { ScriptRun } from "./script-run.js";
import { atEndOf, type TestContext } from "./test-end.js";

/** Options of {@link ServiceMock.transport} and {@link ServiceMock.client}, those of Connect's `createRouterTransport`. */
export type MockTransportOptions = NonNullable<Parameters<typeof createRouterTransport>[1]>;

/** The names of a service's methods: `say`. */
export type MethodName<S extends DescService> = keyof S["method"] & string;

/** The handler of a method, as Connect has it; for a service that is known at run time only, a handler of any kind. */
export type MockHandler<M extends DescMethod> = DescMethod extends M
  ? UntypedHandler<Message> | UntypedHandler<AsyncIterable<Message>>
  : MethodImpl<M>;

type UntypedHandler<R> = (request: R, context: HandlerContext) => ReturnType<AnyHandler>;

/**
 * A service that answers as a test says, to those calls that the test expects, and to no others.
 *
 * `add` appends to one sequence for all methods, `set` says what answers all other calls of a method. The sequence goes
 * first: until it is used up, a method that occurs in it is answered by it alone, each call in its turn. Any other call
 * fails with `internal`, and fails {@link verify}, whatever the caller makes of the error.
 */
export class ServiceMock<S extends DescService> {
  private readonly expectations: Expectations<AnyHandler | ScriptBuilder>;
  private readonly recorded = new RecordedCalls();
  private readonly runs: ScriptRun[] = [];
  /** The context of the test at whose end the mock is verified. */
  readonly test: TestContext | undefined;

  /**
   * @param service - the generated service: `ChatService`
   * @throws TypeError for a bad option
   */
  constructor(
    readonly service: S,
    options: MockOptions = {},
  ) {
    checkKnown("createMock", options, ["test"]);
    this.expectations = new Expectations(service.typeName);
    this.test = options.test;
    if (this.test !== undefined) atEndOf(this.test, () => this.verify());
  }

  /** Begins a script for the next call in the sequence. */
  add<K extends MethodName<S>>(method: K): Script<S["method"][K]>;
  /**
   * Appends to the sequence of calls that are expected.
   *
   * @param handler - answers that call. An `AssertionError` in it fails {@link verify}, too
   * @throws TypeError when there is no such method, or this is no handler
   */
  add<K extends MethodName<S>>(method: K, handler: MockHandler<S["method"][K]>): this;
  add<K extends MethodName<S>>(method: K, ...given: Given<S, K>): unknown {
    return this.expectCall("add", method, given, this.add);
  }

  /** Begins a script for all calls of a method that the sequence does not answer; each call plays it from the start. */
  set<K extends MethodName<S>>(method: K): Script<S["method"][K]>;
  /**
   * Says what answers all calls of a method that the sequence does not answer, in place of what was set before.
   *
   * @throws TypeError when there is no such method, or this is no handler
   */
  set<K extends MethodName<S>>(method: K, handler: MockHandler<S["method"][K]>): this;
  set<K extends MethodName<S>>(method: K, ...given: Given<S, K>): unknown {
    return this.expectCall("set", method, given, this.set);
  }

  /**
   * Takes what answers the next call of a method, as a call does. For those who write a transport or a service themselves.
   *
   * @throws ConnectError `internal` when no such call is expected now
   */
  next<K extends MethodName<S>>(method: K): MockHandler<S["method"][K]> {
    const answer = this.answer(this.methodOf("next", method), () => `${method}(…)`);
    return answer as unknown as MockHandler<S["method"][K]>;
  }

  /** Whether calls of the sequence are still to come. */
  hasMore(): boolean {
    return this.expectations.hasMore();
  }

  /**
   * Checks that all went as expected: the sequence is used up, nobody called out of turn, and every client said all that a
   * script expects of it.
   *
   * @throws MockError that lists what did not
   */
  verify(): void {
    this.expectations.verify(this.runs.flatMap(({ missing }) => missing ?? []));
  }

  /** All calls so far, in the order in which they began, those that were not expected too. */
  calls(): RecordedCall<S["method"][MethodName<S>]>[];
  /** The calls of one method so far, in the order in which they began, those that were not expected too. */
  calls<K extends MethodName<S>>(method: K): RecordedCall<S["method"][K]>[];
  calls(method?: string): RecordedCall[] {
    return this.recorded.list(method === undefined ? undefined : this.methodOf("calls", method));
  }

  /**
   * Waits for a call.
   *
   * @param count - the how-manieth call of the method, counted from 1
   * @returns the call, as soon as it has begun; rejects after two seconds, and tells which calls there were
   * @throws TypeError when there is no such method, the count is no whole number from 1, or an option is bad
   */
  async called<K extends MethodName<S>>(
    method: K,
    count = 1,
    options?: WaitingOptions,
  ): Promise<RecordedCall<S["method"][K]>> {
    const call = this.recorded.nth(this.methodOf("called", method), count, options);
    return call as Promise<RecordedCall> as Promise<RecordedCall<S["method"][K]>>;
  }

  /** The mocked service, for a router: several mocks can be on one. */
  readonly routes = (router: ConnectRouter): void => {
    const entries = this.service.methods.map((method) => [
      method.localName,
      mockedMethod(method, this.hooks),
    ]);
    router.service(this.service, Object.fromEntries(entries) as ServiceImpl<S>);
  };

  /** A transport to the mock, in memory. */
  transport(options?: MockTransportOptions): Transport {
    return createRouterTransport(this.routes, options);
  }

  /** A client of the mock, in memory. */
  client(options?: MockTransportOptions): Client<S> {
    return createClient(this.service, this.transport(options));
  }

  /** Lets Node's `console.log` show what is mocked. */
  [inspect](): string {
    return `${this.constructor.name}(${this.service.typeName})`;
  }

  /**
   * Does what {@link add} and {@link set} do, for methods of subclasses, as generated ones are: errors name the line that
   * called these.
   *
   * @param given - the handler; empty, it begins a script
   * @param above - the method of the subclass
   */
  protected expectCall<K extends MethodName<S>>(
    verb: "add" | "set",
    method: K,
    given: Given<S, K>,
    above: (...args: never) => unknown,
  ): Script<S["method"][K]> | this {
    const site = callSite(above);
    const handler = this.handlerOrScript(verb, method, site, given);
    this.expectations[verb]({ method, handler, site });
    return handler instanceof ScriptBuilder ? (handler as unknown as Script<S["method"][K]>) : this;
  }

  private readonly hooks = {
    begun: (call: Recording) => this.recorded.add(call),
    answer: (method: DescMethod, call: () => string) => this.answer(method, call),
    threw: (call: Recording, error: unknown) => {
      if (isAssertion(error)) this.expectations.failed(`${call.method.localName} threw ${error}`);
    },
  };

  private answer(method: DescMethod, call: () => string): AnyHandler {
    const { handler } = this.take(method, call);
    return handler instanceof ScriptBuilder ? this.player(handler) : handler;
  }

  private take(method: DescMethod, call: () => string): Expectation<AnyHandler | ScriptBuilder> {
    try {
      return this.expectations.take(method.localName, call);
    } catch (error) {
      throw rpcError(error);
    }
  }

  private player(script: ScriptBuilder): AnyHandler {
    const fault = (problem: string) => rpcError(this.expectations.failed(problem));
    return scriptHandler(script, () => {
      const run = new ScriptRun(script, fault);
      this.runs.push(run);
      return run;
    });
  }

  private handlerOrScript(
    verb: string,
    name: string,
    site: string | undefined,
    given: readonly unknown[],
  ): AnyHandler | ScriptBuilder {
    const method = this.methodOf(verb, name);
    if (given.length === 0) return new ScriptBuilder(method, site);
    const [handler] = given;
    if (typeof handler !== "function") throw unexpected(`${verb}: handler of ${name}`, "a function", handler);
    return handler as AnyHandler;
  }

  private methodOf(verb: string, name: string): DescMethod {
    const method = Object.hasOwn(this.service.method, name) ? this.service.method[name] : undefined;
    if (method !== undefined) return method;
    const names = this.service.methods.map(({ localName }) => JSON.stringify(localName)).join(", ");
    throw unexpected(`${verb}: method of ${this.service.typeName}`, `one of ${names}`, name);
  }
}

/** A handler, or none for a script. */
type Given<S extends DescService, K extends MethodName<S>> = readonly [handler?: MockHandler<S["method"][K]>];

/** An error of the mock, as the client of the call gets it. */
function rpcError(error: unknown): ConnectError {
  return new ConnectError(errorMessage(error), Code.Internal, undefined, undefined, error);
}
