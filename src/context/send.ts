import {
  create,
  type DescMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Context } from "@opentelemetry/api";
import { sendContextTag, type TaggedMessage } from "../call/send-context.js";
import { type ContextLike, contextOf } from "./context-of.js";

/**
 * Says in which context a streamed message is sent, on either side:
 * `yield send(ctx, ChatResponseSchema, { text })`, or `yield send(ctx, message)` for a message that exists already.
 *
 * It returns a tagged shallow copy: the caller's object is never written to, and one message may be sent to
 * many streams.
 *
 * @param ctx - the context that came with the message this one belongs to, or any other
 * @throws TypeError when the message was not made by `create()`: an init object needs its schema
 */
export function send<T extends Message>(ctx: ContextLike, message: T): T;
export function send<Desc extends DescMessage>(
  ctx: ContextLike,
  schema: Desc,
  init?: MessageInitShape<Desc>,
): MessageShape<Desc>;
export function send(
  ctx: ContextLike,
  subject: Message | DescMessage,
  init?: MessageInitShape<DescMessage>,
): Message {
  const context = contextOf(ctx);
  if (isMessage(subject)) return taggedCopy(subject, context);
  if (isSchema(subject)) {
    const message = create(subject, init);
    // An init that is a message already is what create() returns.
    return message === init ? taggedCopy(message, context) : tag(message, context);
  }
  throw new TypeError(
    "send(ctx, message): expected a message made by create(); for an init object use send(ctx, Schema, init)",
  );
}

function isMessage(subject: Message | DescMessage): subject is Message {
  return "$typeName" in subject;
}

/** Asked of what is no message: a message's own fields may have these names. */
function isSchema(subject: DescMessage): boolean {
  return subject.kind === "message" && typeof subject.typeName === "string";
}

/** Tags a message that nobody else holds. */
function tag(message: Message, ctx: Context): Message {
  (message as { [sendContextTag]?: Context })[sendContextTag] = ctx;
  return message;
}

/**
 * A copy with the tag. Messages of proto2 and editions have their defaults on the prototype: a copy keeps it. The tag
 * comes first, where the copied fields do not follow a path of their own: added to a copy it costs several times as much.
 */
function taggedCopy(message: Message, ctx: Context): Message {
  const prototype: object | null = Object.getPrototypeOf(message);
  if (isTagged(message)) return tag(Object.assign(Object.create(prototype), message), ctx);
  if (prototype === Object.prototype) {
    const copy: Message & TaggedMessage = { [sendContextTag]: ctx, ...message };
    return copy;
  }
  return Object.assign(tag(Object.create(prototype), ctx), message);
}

/** Whether `send()` has said this message's context already. */
export function isTagged(message: object): boolean {
  return sendContextTag in message;
}
