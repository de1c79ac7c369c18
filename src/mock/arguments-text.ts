import { property } from "../call/cut.js";
import { JsonText } from "../call/json.js";
import { describe } from "../call/options.js";

/** The arguments of a call as errors show them, cut at 500 characters; what is cut costs no work. */
export function argumentsText(args: readonly unknown[]): string {
  const writer = new ArgumentWriter();
  writer.items(args, ", ");
  return writer.text.finish().text;
}

/** Writes values much as JSON does, and those too that JSON does not know. */
class ArgumentWriter {
  readonly text = new JsonText(500);
  /** The objects that the current one is in. */
  private readonly within: unknown[] = [];

  items(values: readonly unknown[], separator: string): void {
    for (const [i, value] of values.entries()) {
      if (this.text.isFull) return;
      if (i > 0) this.text.add(separator);
      this.value(value);
    }
  }

  private value(value: unknown): void {
    if (!this.text.step()) return;
    if (typeof value === "string") this.text.string(value);
    else if (typeof value === "bigint") this.text.add(`${value}n`);
    else if (typeof value !== "object" || value === null) this.text.add(describe(value));
    else if (this.within.includes(value)) this.text.add("[circular]");
    else this.object(value);
  }

  private object(value: object): void {
    this.within.push(value);
    const size = sizeOf(value);
    if (size !== undefined) this.text.add(`${value.constructor.name}(${size})`);
    else if (Array.isArray(value)) this.list(value);
    else if (typeof property(value, "toJSON") === "function") this.json(value as { toJSON(): unknown });
    else this.fields(plain(value));
    this.within.pop();
  }

  private list(values: readonly unknown[]): void {
    this.text.add("[");
    this.items(values, ",");
    this.text.add("]");
  }

  private json(value: { toJSON(): unknown }): void {
    try {
      this.value(value.toJSON());
    } catch {
      this.text.add(describe(value));
    }
  }

  private fields(fields: object): void {
    this.text.add("{");
    for (const [i, key] of Object.keys(fields).entries()) {
      if (this.text.isFull) return;
      if (i > 0) this.text.add(",");
      this.text.string(key);
      this.text.add(":");
      this.value(property(fields, key));
    }
    this.text.add("}");
  }
}

/** How large something is of which no more is shown. */
function sizeOf(value: object): number | undefined {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  return value instanceof Map || value instanceof Set ? value.size : undefined;
}

/** What is shown of an object. Of protobuf messages only the type: without their schema nobody knows which fields are secret. */
function plain(value: object): object {
  const $typeName = property(value, "$typeName");
  if (typeof $typeName === "string") return { $typeName };
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
