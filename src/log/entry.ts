import type { Context } from "@opentelemetry/api";
import { cut } from "../call/cut.js";
import type { ErrorDetails } from "./error-fields.js";
import type { LogKeys } from "./keys.js";
import type { FieldsCopy } from "./line.js";
import type { Field, LogEntry, LogValue, Severity } from "./types.js";

/** Turns fields into a part of a line. */
export type RenderFields = (fields: readonly Field[]) => string;

/** A line ready to be formatted: its own fields, and those that all lines of its logger share. */
export class Entry implements LogEntry {
  constructor(
    readonly time: number,
    readonly severity: Severity,
    readonly ctx: Context,
    readonly keys: LogKeys,
    readonly own: readonly Field[],
    readonly lasting: LastingFields,
  ) {}

  get fields(): readonly Field[] {
    return this.own.concat(this.lasting.fields);
  }
}

/** Fields that come again with every line of a logger: what a format makes of them is made once. */
export class LastingFields {
  static readonly none: LastingFields = new LastingFields([]);
  private readonly texts = new Map<RenderFields, string>();

  constructor(readonly fields: readonly Field[]) {}

  text(render: RenderFields): string {
    let text = this.texts.get(render);
    if (text === undefined) {
      text = render(this.fields);
      this.texts.set(render, text);
    }
    return text;
  }
}

/** What a format makes of an entry's fields. */
export function rendered(entry: LogEntry, render: RenderFields): string {
  return entry instanceof Entry ? render(entry.own) + entry.lasting.text(render) : render(entry.fields);
}

/** Fields in order, each key once: of two that are added, the later takes the earlier one's place. */
export class FieldList {
  readonly fields: Field[] = [];

  constructor(private readonly keys: LogKeys) {}

  add(key: string, value: LogValue): void {
    const free = this.free(key);
    const at = this.indexOf(free);
    if (at < 0) this.fields.push([free, value]);
    else this.fields[at] = [free, value];
  }

  addAll(fields: FieldsCopy): void {
    for (const key in fields) {
      const value = fields[key];
      if (value !== undefined) this.add(key, value);
    }
  }

  /** An error's message, and what else is known of it under the same key with a suffix. */
  addError({ message, code, causes, stack }: ErrorDetails): void {
    const key = this.keys.error;
    this.addAll({
      [key]: message,
      [`${key}.code`]: code,
      [`${key}.causes`]: causes,
      [`${key}.stack`]: stack,
    });
  }

  /** Adds the fields whose keys neither this list nor the lasting fields have. */
  addMissing(fields: FieldsCopy, lasting: LastingFields): void {
    for (const key in fields) {
      const free = this.free(key);
      const isTaken = this.indexOf(free) >= 0 || lasting.fields.some(([other]) => other === free);
      const value = fields[key];
      if (value !== undefined && !isTaken) this.fields.push([free, value]);
    }
  }

  /** The lasting fields whose keys are not there yet. All of them, in most cases. */
  missing(lasting: LastingFields): LastingFields {
    const free = lasting.fields.filter(([key]) => this.indexOf(key) < 0);
    return free.length === lasting.fields.length ? lasting : new LastingFields(free);
  }

  /** The time and the level are the kit's: a field of that name would forge them. */
  private free(key: string): string {
    if (key === this.keys.time || key === this.keys.severity) return `fields.${key}`;
    return key.length <= maxKeySize ? key : cut(key, maxKeySize);
  }

  private indexOf(key: string): number {
    for (let i = 0; i < this.fields.length; i++) {
      if (this.fields[i]?.[0] === key) return i;
    }
    return -1;
  }
}

/** How many characters of a key are logged. */
const maxKeySize = 256;
