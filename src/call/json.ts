import { prefix } from "./cut.js";
import { sharedSymbol } from "./shared.js";

/** The name of the method that tells Node's `console.log` how to show an object. */
export const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** Tells a {@link Json} from other objects, whichever copy of the kit has made it. */
const mark: unique symbol = sharedSymbol("JSON") as never;

/** Whether an object is a {@link Json}, maybe one of another copy of the kit. */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && mark in value;
}

/** The bounded JSON of an object, as the object was at the moment when it was logged. */
export class Json {
  /**
   * @param text - JSON; if `truncated` only the beginning of it, and a marker
   * @param truncated - whether something is missing, so that the text is no JSON
   */
  constructor(
    readonly text: string,
    readonly truncated: boolean,
  ) {}

  get [mark](): true {
    return true;
  }

  /** The text. */
  toString(): string {
    return this.text;
  }

  /** The value that the text stands for, or the text itself where it was cut. */
  toJSON(): unknown {
    if (this.truncated) return this.text;
    try {
      return JSON.parse(this.text);
    } catch {
      return this.text;
    }
  }

  /** Lets Node's `console.log` show the text. */
  [inspect](): string {
    return this.text;
  }
}

/** JSON in the making: it may grow a little beyond its size, and is cut to it at the end. */
export class JsonText {
  /** What is written so far. To take something back, put an earlier text in its place. */
  text = "";
  private steps = 0;
  /** How long it was when the steps ran out: what closes it afterwards stands elsewhere in the whole. */
  private end = Number.POSITIVE_INFINITY;

  /** @param maxSize - how many characters are kept */
  constructor(readonly maxSize: number) {}

  /** Whether all that could still be added would be cut. Steps that print nothing count too: a million of them is work as well. */
  get isFull(): boolean {
    return this.text.length > this.maxSize || this.steps > this.maxSize;
  }

  /** How many characters make it full. */
  get left(): number {
    return Math.max(this.maxSize - this.text.length + 1, 0);
  }

  /** Adds a piece of JSON. */
  add(text: string): true {
    this.text += text;
    return true;
  }

  /** Adds a string. A longer one is cut first: quoting a huge one to keep a little of it costs as much as it is long. */
  string(text: string): true {
    const { left } = this;
    return this.add(JSON.stringify(text.length > left ? text.slice(0, left) : text));
  }

  /** Takes one step more of a loop; false when there is no room for it. */
  step(): boolean {
    if (this.steps++ === this.maxSize) this.end = this.text.length;
    return !this.isFull;
  }

  /** What is kept: all of it, or the beginning and the marker `…[cut]`. */
  finish(): Json {
    if (!this.isFull) return new Json(this.text, false);
    return new Json(`${prefix(this.text, Math.min(this.maxSize, this.end))}…[cut]`, true);
  }
}
