import type { DescMethod } from "@bufbuild/protobuf";
import { reportFault } from "./fault.js";
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

function decider(filter: MethodFilter, option: string): (method: DescMethod) => boolean {
  if (typeof filter === "string") {
    const pattern = globToRegExp(filter);
    return (method) => pattern.test(methodInfo(method).path);
  }
  if (typeof filter !== "function") {
    throw new TypeError(
      `${option}: expected a glob such as "chat.v1.*" or a function of the method, got ${describe(filter)}`,
    );
  }
  return (method) => {
    try {
      return Boolean(filter(method));
    } catch (error) {
      reportFault(filter, `the ${option} function`, error);
      return true;
    }
  };
}

function globToRegExp(glob: string): RegExp {
  const escaped = glob.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "s");
}
