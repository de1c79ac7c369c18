import type { DescMethod } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import { check, checkMethods, checkMs } from "../call/check.js";
import { checkKnown, isObject, unexpected } from "../call/options.js";
import { atEndOf } from "../mock/test-end.js";
import { type Input, RunningCall } from "./running-call.js";
import type { TestCall, TestCallBase, TestCallOptions } from "./test-call-types.js";

/**
 * Runs one handler behind real interceptors, without a network: the messages, the deadline and the cancel are in the
 * hands of the test. The call begins at once. What it gives depends on the kind of the method: `response`, or `receive()`
 * for each answer, and `send()` and `end()` where the client streams.
 *
 * @param method - the method, of a generated service: `ChatService.method.say`
 * @param handler - its implementation; one that needs `this` is bound to it
 * @throws TypeError for a bad argument or option: it names it, what it got and what it accepts
 *
 * @example
 * const log = testLogger();
 * const call = testCall(ChatService.method.chat, chat, { interceptors: [serverInterceptor({ logger: log })] });
 * await call.send({ text: "hi" });
 * expect((await call.receive()).text).toBe("you said: hi");
 * call.end();
 * expect(await call.error).toBeUndefined();
 */
export function testCall<M extends DescMethod>(
  method: M,
  handler: MethodImpl<M>,
  options: TestCallOptions<M> = {},
): TestCall<M> {
  checkCall(method, handler, options);
  let running: RunningCall<M> | undefined;
  if (options.test !== undefined) atEndOf(options.test, () => running?.cancel());
  running = new RunningCall(method, handler, options);
  const { header, trailer, error, handled } = running;
  const base: TestCallBase = { header, trailer, error, handled, cancel: (reason) => running.cancel(reason) };
  const call = { ...base, ...sending(method, running), ...answering(method, running) };
  return call as TestCall<M>;
}

function sending<M extends DescMethod>({ methodKind }: M, call: RunningCall<M>): object {
  if (methodKind === "unary" || methodKind === "server_streaming") return {};
  return { send: (message: Input<M>) => call.send(message), end: () => call.end() };
}

function answering<M extends DescMethod>({ methodKind }: M, call: RunningCall<M>): object {
  if (methodKind === "unary" || methodKind === "client_streaming") return { response: call.onlyAnswer() };
  return {
    receive: () => call.receive(),
    rest: () => call.rest(),
    [Symbol.asyncIterator]: () => ({ next: () => call.next(), return: () => call.leave() }),
  };
}

function checkCall(method: DescMethod, handler: unknown, options: TestCallOptions): void {
  if (!isObject(method) || method.kind !== "rpc") {
    throw unexpected(
      "testCall: method",
      "a method of a generated service, as ChatService.method.say",
      method,
    );
  }
  if (!isFunction(handler)) {
    throw unexpected("testCall: handler", "the method's implementation, a function", handler);
  }
  checkKnown("testCall", options, known);
  const { request, interceptors, headers, timeoutMs, signal, shutdownSignal } = options;
  if (
    request !== undefined &&
    (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming")
  ) {
    throw new TypeError(`testCall: request: ${method.name} takes a stream of messages: send() sends each`);
  }
  check("testCall: interceptors", interceptors, "a list of interceptors", (list) => {
    return Array.isArray(list) && list.every(isFunction);
  });
  checkHeaders(headers);
  checkMs("testCall: timeoutMs", timeoutMs);
  checkMethods("testCall: signal", signal, ["addEventListener"]);
  checkMethods("testCall: shutdownSignal", shutdownSignal, ["addEventListener"]);
}

const known: readonly (keyof TestCallOptions)[] = [
  "request",
  "interceptors",
  "headers",
  "timeoutMs",
  "signal",
  "shutdownSignal",
  "test",
];

function checkHeaders(headers: HeadersInit | undefined): void {
  try {
    new Headers(headers);
  } catch (cause) {
    throw new TypeError(`testCall: headers: ${(cause as Error).message}`, { cause });
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
