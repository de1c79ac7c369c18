import type { DescExtension, DescFile, DescMessage, Registry } from "@bufbuild/protobuf";
import { JsonText } from "../call/json.js";
import { type FieldPlan, planOf } from "./message-plan.js";
import { typesOf } from "./types-of.js";
import type { Properties, WriteValue } from "./value-writers.js";

/** Writes one message and all within it, as the plans of their types say, into one text. */
export class MessageWriter {
  readonly json: JsonText;
  private depth = 0;
  /** Where the content of the object begins that was begun last. */
  private opened = 0;
  /** How much may still be unpacked, in bytes: unlike all else, what is packed is read as a whole. */
  private packedLeft: number;
  /** The file of the message that is being written: what it imports are the types that it may hold. */
  private file: DescFile | undefined = undefined;

  constructor(
    maxSize: number,
    private readonly registry: Registry | undefined,
  ) {
    this.json = new JsonText(maxSize);
    this.packedLeft = Math.max(4 * maxSize, minPackedBytes);
  }

  /** Writes a message in its JSON form. */
  message(desc: DescMessage, value: unknown): void {
    this.nested(planOf(desc).write, value);
  }

  /** Writes what a message has in `Any`, into an object that has been begun. */
  embedded(desc: DescMessage, value: unknown): void {
    planOf(desc).embed(this, value);
  }

  /** Writes a message's fields into an object that has been begun. */
  fields(fields: readonly FieldPlan[], message: Properties): void {
    for (let i = 0; i < fields.length && !this.json.isFull; i++) {
      const field = fields[i];
      if (field !== undefined) this.field(field, message);
    }
  }

  /** Writes one field, if it is set. */
  field({ key, isRedacted, read, write }: FieldPlan, message: Properties): void {
    const { json, opened } = this;
    const before = json.text;
    try {
      const value = read(message);
      if (value === undefined) return;
      this.key(key);
      if (isRedacted) this.redacted();
      else write(this, value);
    } catch {
      json.text = before;
      this.opened = opened;
      this.key(key);
      this.invalid();
    }
  }

  /** Writes what may hold more of its kind: a level deeper, and marked when it cannot be read. */
  nested(write: WriteValue, value: unknown): void {
    const { json, opened, file } = this;
    if (this.depth >= maxDepth) {
      json.add('"[too deep]"');
      return;
    }
    const before = json.text;
    this.depth++;
    try {
      write(this, value);
    } catch {
      json.text = before;
      this.invalid();
    } finally {
      this.depth--;
      this.opened = opened;
      this.file = file;
    }
  }

  /** Writes a list. By index: an array's own iterator may be replaced. */
  list(items: readonly unknown[], write: WriteValue): void {
    const { json } = this;
    json.add("[");
    for (let i = 0; i < items.length && json.step(); i++) {
      if (i > 0) json.add(",");
      write(this, items[i]);
    }
    json.add("]");
  }

  /** Writes an object whose values are all of one kind. */
  map(entries: Properties, write: WriteValue): void {
    this.begin();
    for (const name of Object.keys(entries)) {
      if (!this.json.step()) break;
      this.key("");
      this.json.string(name);
      this.json.add(":");
      write(this, entries[name]);
    }
    this.end();
  }

  /** Begins an object. */
  begin(): void {
    this.json.add("{");
    this.opened = this.json.text.length;
  }

  /** Begins the next property of the object. @param key - as JSON, with its colon */
  key(key: string): void {
    const { json } = this;
    if (json.text.length !== this.opened) json.add(",");
    json.add(key);
  }

  /** Ends an object. */
  end(): void {
    this.json.add("}");
  }

  /** Writes what stands for a value that the schema keeps secret. */
  redacted(): void {
    this.json.add('"[redacted]"');
  }

  /** Writes what stands for a value that is none of its field's, or cannot be read. */
  invalid(): void {
    this.json.add('"[invalid]"');
  }

  /** Writes what stands for packed bytes that are not unpacked. */
  packed(bytes: number): void {
    this.json.add(`"[${bytes} bytes]"`);
  }

  /** What follows belongs to a message of this file. */
  enter(file: DescFile): void {
    this.file = file;
  }

  /** Whether so many packed bytes may be unpacked. */
  mayUnpack(bytes: number): boolean {
    this.packedLeft -= bytes;
    return this.packedLeft >= 0;
  }

  /** The message type of that name, if it is known. */
  typeOf(name: string): DescMessage | undefined {
    return this.registry?.getMessage(name) ?? this.ownTypes()?.getMessage(name);
  }

  /** The extension of that number, if it is known. */
  extensionOf(desc: DescMessage, number: number): DescExtension | undefined {
    return this.registry?.getExtensionFor(desc, number) ?? this.ownTypes()?.getExtensionFor(desc, number);
  }

  private ownTypes(): Registry | undefined {
    return this.file && typesOf(this.file);
  }
}

/** As deep as protobuf's own parsers go. */
const maxDepth = 100;
const minPackedBytes = 64 * 1024;
