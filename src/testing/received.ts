import {
  create,
  type DescMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { giveContext } from "../call/give-context.js";
import { type ContextLike, contextOf } from "../context/index.js";

/**
 * Makes a message that a handler under test receives in `ctx`, as if it had come with it: `receive()` and `eachMessage()`
 * give the two as a pair, with an interceptor or without one. Where the call is observed, its logger and its other values
 * are there as well. It goes into {@link testCall} or straight into a handler's stream.
 *
 * It returns a shallow copy: the caller's object is never written to, and one message may be received in many contexts.
 *
 * @param ctx - an OpenTelemetry context, or that of a handler
 * @param message - a message, or its schema and what to make one of
 * @throws TypeError when it is neither a message made by `create()` nor a schema
 *
 * @example
 * async function* requests() {
 *   yield received(ctx, ChatRequestSchema, { text: "hi" });
 * }
 * for await (const reply of chat(requests(), createHandlerContext({ … }))) …
 */
export function received<T extends Message>(ctx: ContextLike, message: T): T;
export function received<Desc extends DescMessage>(
  ctx: ContextLike,
  schema: Desc,
  init?: MessageInitShape<Desc>,
): MessageShape<Desc>;
export function received(
  ctx: ContextLike,
  subject: Message | DescMessage,
  init?: MessageInitShape<DescMessage>,
): Message {
  const copy = copyOf("$typeName" in subject ? subject : create(checkedSchema(subject), init));
  giveContext(copy, contextOf(ctx));
  return copy;
}

/** Messages of proto2 and editions have their defaults on the prototype: a copy keeps it. */
function copyOf(message: Message): Message {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message);
}

function checkedSchema(subject: DescMessage): DescMessage {
  if (subject.kind === "message" && typeof subject.typeName === "string") return subject;
  throw new TypeError(
    "received(ctx, message): expected a message made by create(); for an init object use received(ctx, Schema, init)",
  );
}
