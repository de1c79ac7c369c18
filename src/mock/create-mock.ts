import type { DescService } from "@bufbuild/protobuf";
import { isObject, unexpected } from "../call/options.js";
import { ObjectMock, type ObjectMockOptions } from "./object-mock.js";
import type { MockOptions } from "./options.js";
import { ServiceMock } from "./service-mock.js";

/**
 * Makes a strict mock of a service: it answers the calls that the test expects, and fails all others.
 *
 * @param service - the generated service: `ChatService`
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const mock = createMock(ChatService, { test: t });
 * mock.add("say", (request) => ({ text: `hello ${request.text}` }));
 * mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
 * await greet(mock.client());
 */
export function createMock<S extends DescService>(service: S, options?: MockOptions): ServiceMock<S>;
/**
 * Makes a strict mock of any interface: a repository, a client. The mocked object is its `object`.
 *
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * const orders = createMock<OrderRepository>({ name: "OrderRepository", test: t });
 * orders.add("find", async (id) => ({ id, total: 12 }));
 * await bill(orders.object);
 */
export function createMock<T extends object>(options?: ObjectMockOptions): ObjectMock<T>;
export function createMock(
  subject?: DescService | ObjectMockOptions,
  options?: MockOptions,
): ServiceMock<DescService> | ObjectMock<object> {
  if (!isObject(subject) || !("kind" in subject)) {
    if (options !== undefined)
      throw unexpected("createMock", "a generated service before the options", subject);
    return new ObjectMock(subject);
  }
  if (subject.kind === "service") return new ServiceMock(subject, options);
  throw unexpected("createMock", "a generated service, or options for an interface", `a ${subject.kind}`);
}
