import type { DescMessage, DescMethod, Message, Registry } from "@bufbuild/protobuf";
import { checkFunction, checkMethods } from "../call/check.js";
import { guarded, reportFault } from "../call/fault.js";
import { methodInfo } from "../call/method.js";
import { compileFilter, compileGlob, type MethodFilter } from "../call/method-filter.js";
import { isDebugService } from "../call/operations.js";
import { checkKnown, isObject, unexpected } from "../call/options.js";
import { defaultMaxSize } from "./redacted-json.js";

/**
 * Writes a message in a form of one's own: JSON, or any text.
 *
 * @param message - the message; it must not be changed
 * @param desc - the message's type
 * @param method - the method that it was sent to, or comes from
 */
export type PayloadFormat = (message: Message, desc: DescMessage, method: DescMethod) => string;

/** The options of `payloadLog`. */
export interface PayloadOptions {
  /** How many characters of a message are logged. Default 1024. */
  readonly maxSize?: number;
  /**
   * `maxSize` for single methods, by a glob over `pkg.Service/Method`; 0 logs nothing of a method. Of several that match,
   * the first holds.
   */
  readonly limits?: Readonly<Record<string, number>>;
  /**
   * Writes messages in a form of one's own. Fields with `debug_redact` are its own business then; `redactedJson` leaves
   * them out. Default: protobuf's JSON, redacted.
   */
  readonly format?: PayloadFormat;
  /** Knows the types in `Any` and the extensions that a message's own files do not know. */
  readonly registry?: Registry;
  /** The methods whose messages are logged. Default: all. Those of the debug service never are. */
  readonly filter?: MethodFilter;
}

/** Options, checked and complete. */
export interface ResolvedPayloadOptions {
  /** How many characters of a method's messages are logged; 0 for nothing at all. */
  readonly maxSizeOf: (method: DescMethod) => number;
  /** The format of the user's own; undefined where there is none, or it failed. */
  readonly format: (...args: Parameters<PayloadFormat>) => string | undefined;
  readonly registry: Registry | undefined;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function resolvePayloadOptions(options: PayloadOptions): ResolvedPayloadOptions {
  checkKnown("payloadLog", options, known);
  const { maxSize = defaultMaxSize, limits = {}, registry } = options;
  checkSize("payloadLog.maxSize", maxSize, 1);
  checkMethods("payloadLog.registry", registry, ["getMessage", "getExtensionFor"]);
  const passes = compilePayloadFilter(options.filter);
  const limitOf = compileLimits(limits);
  const sizes = new WeakMap<DescMethod, number>();
  const maxSizeOf = (method: DescMethod): number => {
    let size = sizes.get(method);
    if (size === undefined) {
      // Lines about who tails the log would be tailed themselves, without end.
      size = isDebugService(method.parent.typeName) || !passes(method) ? 0 : (limitOf(method) ?? maxSize);
      sizes.set(method, size);
    }
    return size;
  };
  return { maxSizeOf, format: compileFormat(options.format), registry };
}

const known: readonly (keyof PayloadOptions)[] = ["maxSize", "limits", "format", "registry", "filter"];

/** A filter that throws lets nothing through: it may have been there to keep secrets. */
function compilePayloadFilter(filter: MethodFilter | undefined): (method: DescMethod) => boolean {
  const careful =
    typeof filter === "function" ? guarded(filter, "the payloadLog.filter function", () => false) : filter;
  return compileFilter(careful, "payloadLog.filter");
}

function compileFormat(format: PayloadFormat | undefined): ResolvedPayloadOptions["format"] {
  const name = "the payloadLog.format function";
  checkFunction("payloadLog.format", format);
  if (format === undefined) return () => undefined;
  const ask = guarded<Parameters<PayloadFormat>, unknown>(format, name, () => undefined);
  return (...args) => {
    const text = ask(...args);
    if (typeof text === "string") return text;
    reportFault(format, name, unexpected("its result", "a string", text));
    return undefined;
  };
}

function compileLimits(limits: Readonly<Record<string, number>>): (method: DescMethod) => number | undefined {
  if (!isObject(limits)) {
    throw unexpected("payloadLog.limits", 'an object such as { "chat.v1.*": 200 }', limits);
  }
  const all = Object.entries(limits).map(([glob, limit]) => {
    checkSize(`payloadLog.limits[${JSON.stringify(glob)}]`, limit, 0);
    return { matches: compileGlob(glob), limit };
  });
  return (method) => all.find(({ matches }) => matches(methodInfo(method).path))?.limit;
}

function checkSize(option: string, value: number, least: number): void {
  const accepts = `a whole number of characters from ${least}`;
  if (value === undefined || !Number.isSafeInteger(value) || value < least)
    throw unexpected(option, accepts, value);
}
