import { clone, type DescMessage, type Message } from "@bufbuild/protobuf";
import { sendContextTag, type TaggedMessage } from "../call/send-context.js";

/** A deep copy of a message, in the context that `send()` gave to it: what is sent often must not change with one call. */
export function messageCopy(desc: DescMessage, message: Message): Message {
  const copy = clone(desc, message);
  const { [sendContextTag]: context } = message as TaggedMessage;
  return context === undefined ? copy : Object.assign(copy, { [sendContextTag]: context });
}
