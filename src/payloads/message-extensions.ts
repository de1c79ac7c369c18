import {
  type DescExtension,
  type DescMessage,
  getExtension,
  type Message,
  type UnknownField,
} from "@bufbuild/protobuf";
import type { FieldPlan } from "./message-plan.js";
import type { MessageWriter } from "./message-writer.js";
import { isRedacted } from "./redaction.js";
import { type Properties, valueWriter } from "./value-writers.js";

/** Writes the extensions of a message whose types are known. protobuf-es holds them as unknown fields. */
export function writeExtensions(to: MessageWriter, desc: DescMessage, { $unknown }: Properties): void {
  if (!Array.isArray($unknown)) return;
  for (const [extension, data] of knownIn(to, desc, $unknown)) {
    if (to.json.isFull) return;
    writeExtension(to, desc, extension, data);
  }
}

/** By extension, in the order of their first appearance. */
function knownIn(
  to: MessageWriter,
  desc: DescMessage,
  unknown: readonly UnknownField[],
): Map<DescExtension, UnknownField[]> {
  const known = new Map<DescExtension, UnknownField[]>();
  for (let i = 0; i < unknown.length && to.json.step(); i++) {
    const field = unknown[i];
    const extension = field && to.extensionOf(desc, field.no);
    if (field === undefined || extension === undefined) continue;
    const data = known.get(extension);
    if (data === undefined) known.set(extension, [field]);
    else data.push(field);
  }
  return known;
}

function writeExtension(
  to: MessageWriter,
  { typeName }: DescMessage,
  extension: DescExtension,
  data: readonly UnknownField[],
): void {
  const plan = extensionPlan(extension);
  const bytes = data.reduce((sum, field) => sum + field.data.length, 0);
  if (plan.isRedacted || to.mayUnpack(bytes)) {
    to.field(plan, { $typeName: typeName, $unknown: data });
  } else {
    to.key(plan.key);
    to.packed(bytes);
  }
}

function extensionPlan(extension: DescExtension): FieldPlan {
  let plan = plans.get(extension);
  if (plan === undefined) {
    const isSecret = isRedacted(extension);
    plan = {
      key: `${JSON.stringify(extension.jsonName)}:`,
      isRedacted: isSecret,
      read: isSecret ? ({ $unknown }) => $unknown : (message) => readExtension(message, extension),
      write: valueWriter(extension),
    };
    plans.set(extension, plan);
  }
  return plan;
}

function readExtension(message: Properties, extension: DescExtension): unknown {
  const value: unknown = getExtension(message as unknown as Message, extension);
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

const plans = new WeakMap<DescExtension, FieldPlan>();
