import type { DescMethod } from "@bufbuild/protobuf";
import { guarded } from "./fault.js";
import { methodInfo } from "./method.js";
import { describe } from "./options.js";

/**
 * Chooses methods: a glob over `pkg.Service/Method`, in which `*` stands for any characters and
 * crosses `/` (`"chat.v1.*"`, ``"*\/Check"``), or a function of the method's descriptor.
 */
export type MethodFilter = string | ((method: DescMethod) => boolean);

/**
 * Turns a filter into a predicate that asks the filter once per method.
 * A filter function that throws lets the method pass: watching too much beats watching nothing.
 *
 * @param option the option's name, for the error message
 * @throws TypeError when the filter is neither a string nor a function
 */
export function compileFilter(
  filter: MethodFilter | undefined,
  option: string,
): (method: DescMethod) => boolean {
  if (filter === undefined) return () => true;
  const decide = decider(filter, option);
  const decided = new WeakMap<DescMethod, boolean>();
  return (method) => {
    let passes = decided.get(method);
    if (passes === undefined) {
      passes = decide(method);
      decided.set(method, passes);
    }
    return passes;
  };
}

/** Turns a glob, in which `*` stands for any characters, into a predicate over `pkg.Service/Method`. */
export function compileGlob(glob: string): (path: string) => boolean {
  const parts = glob.split("*");
  return (path) => matchesGlob(parts, path);
}

/** Like {@link compileGlob}, for requests in which an empty glob leaves the method open. */
export function compileMethodGlob(glob: string): (path: string) => boolean {
  return glob === "" ? () => true : compileGlob(glob);
}

function decider(filter: MethodFilter, option: string): (method: DescMethod) => boolean {
  if (typeof filter === "string") {
    const matches = compileGlob(filter);
    return (method) => matches(methodInfo(method).path);
  }
  if (typeof filter !== "function") {
    throw new TypeError(
      `${option}: expected a glob such as "chat.v1.*" or a function of the method, got ${describe(filter)}`,
    );
  }
  return guarded(filter, `the ${option} function`, () => true);
}

/**
 * Whether a text has all parts of a glob in their order, the first and the last at its ends. A regular expression
 * would try every way to spread the stars, which are many for a glob from outside.
 */
function matchesGlob(parts: readonly string[], text: string): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let end = first.length;
  if (!text.startsWith(first)) return false;
  for (const part of rest) {
    const start = text.indexOf(part, end);
    if (start < 0) return false;
    end = start + part.length;
  }
  return text.length - last.length >= end && text.endsWith(last);
}
