import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldReader, type ReadField } from "./field-reader.js";
import { writeExtensions } from "./message-extensions.js";
import type { MessageWriter } from "./message-writer.js";
import { isRedacted } from "./redaction.js";
import { type Properties, valueWriter, type WriteValue } from "./value-writers.js";
import { wellKnownForm } from "./well-known.js";

/** How the messages of one type are written. */
export interface MessagePlan {
  /** Writes a message as a value. */
  readonly write: WriteValue;
  /** Writes what a message has in `Any`, into an object that has been begun. */
  readonly embed: WriteValue;
}

/** How one field is written. */
export interface FieldPlan {
  /** Its name, as JSON, with a colon. */
  readonly key: string;
  /** Whether its values are secret, so that there is only that it is set. */
  readonly isRedacted: boolean;
  readonly read: ReadField;
  readonly write: WriteValue;
}

/** The plan of a message type; made when its first message is written. */
export function planOf(desc: DescMessage): MessagePlan {
  let plan = plans.get(desc);
  if (plan === undefined) {
    plan = messagePlan(desc);
    plans.set(desc, plan);
  }
  return plan;
}

const plans = new WeakMap<DescMessage, MessagePlan>();

function messagePlan(desc: DescMessage): MessagePlan {
  const form = wellKnownForm(desc);
  const content = contentWriter(desc);
  const write: WriteValue = (to, value) => {
    if (!isMessageOf(desc, value)) return to.invalid();
    if (form?.(to, value)) return;
    to.begin();
    content(to, value);
    to.end();
  };
  if (form === undefined) return { write, embed: (to, value) => content(to, value as Properties) };
  const embed: WriteValue = (to, value) => {
    to.key('"value":');
    write(to, value);
  };
  return { write, embed };
}

function contentWriter(desc: DescMessage): (to: MessageWriter, message: Properties) => void {
  // Made where a descriptor that cannot be read is caught: its messages are invalid then, and nothing of them is shown.
  let fields: readonly FieldPlan[] | undefined;
  const isExtensible = desc.proto.extensionRange.length > 0;
  return (to, message) => {
    fields ??= desc.fields.map(fieldPlan);
    to.enter(desc.file);
    to.fields(fields, message);
    if (isExtensible) writeExtensions(to, desc, message);
  };
}

function fieldPlan(field: DescField): FieldPlan {
  return {
    key: `${JSON.stringify(field.jsonName)}:`,
    isRedacted: isRedacted(field),
    read: fieldReader(field),
    write: valueWriter(field),
  };
}

function isMessageOf({ typeName }: DescMessage, value: unknown): value is Properties {
  return typeof value === "object" && value !== null && "$typeName" in value && value.$typeName === typeName;
}
