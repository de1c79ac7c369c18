import { stdoutFormat, stdoutSink } from "#platform";
import type { CoreOptions } from "./core.js";
import { formatText } from "./format-text.js";
import { defaultKeys } from "./keys.js";
import { isSampled } from "./span-context.js";

/** The options of a logger that was given none, but for its outputs. */
export const defaultOptions: Omit<CoreOptions, "outputs"> = {
  debug: false,
  maxSize: 1024,
  maxEntries: 100,
  maxBytes: 256 * 1024,
  maxAgeMs: Number.POSITIVE_INFINITY,
  budgetBytes: undefined,
  keys: defaultKeys,
  fields: [],
  locate: undefined,
  isUnbuffered: isSampled,
};

/** A logger that nobody has made writes as `createLogger()` does. It comes without the code that reads options. */
export function fallbackOptions(): CoreOptions {
  return { ...defaultOptions, outputs: [{ sink: stdoutSink(), format: stdoutFormat() ?? formatText }] };
}
