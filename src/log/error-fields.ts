import { asConnectError, codeName } from "../call/code.js";
import { cut, isError, property } from "../call/cut.js";
import { errorChain, relatedErrors } from "../call/error-text.js";
import { type Annotation, annotationOf } from "./annotation.js";
import { boundedJson } from "./bounded-json.js";

/** What a log line says of an error. */
export interface ErrorDetails {
  /** The error's message; a ConnectError's begins with its code: `[not_found] no such room`. */
  readonly message: string;
  /** The Connect code, such as `not_found`, of the first error of the chain that has one. */
  readonly code?: string;
  /** The messages of what caused it, nearest first, eight at most. */
  readonly causes?: readonly string[];
  /** Where the first error of the chain that is no ConnectError was made: that one points to the fault. */
  readonly stack?: string;
  /** What it was given to carry. */
  readonly annotation?: Annotation;
}

/**
 * Takes from an error, and from what caused it, what a log line shows. Never throws.
 *
 * @param error - whatever was thrown
 * @param maxSize - how many characters of each text are kept
 */
export function errorDetails(error: unknown, maxSize: number): ErrorDetails {
  const chain = errorChain(error);
  const [message = "", ...causes] = chain.map((link) => messageOf(link, maxSize));
  const coded = chain.map(asConnectError).find((link) => link !== undefined);
  const stack = stackOf(chain);
  const annotation = annotationOf(relatedErrors(error));
  return {
    message,
    ...(coded !== undefined && { code: codeName(coded.code) }),
    ...(causes.length > 0 && { causes }),
    ...(stack !== undefined && { stack: cut(stack, maxSize) }),
    ...(annotation !== undefined && { annotation }),
  };
}

function messageOf(error: unknown, maxSize: number): string {
  if (!isError(error)) return thrownText(error, maxSize);
  const texts = [property(error, "message"), property(error, "name")];
  return cut(
    (texts.find((text) => typeof text === "string" && text !== "") as string | undefined) ?? "Error",
    maxSize,
  );
}

function thrownText(thrown: unknown, maxSize: number): string {
  if (typeof thrown === "object" && thrown !== null) return boundedJson(thrown, maxSize).text;
  return typeof thrown === "function" ? "[function]" : cut(String(thrown), maxSize);
}

function stackOf(chain: readonly unknown[]): string | undefined {
  const stack = property(
    chain.find((link) => isError(link) && asConnectError(link) === undefined),
    "stack",
  );
  return typeof stack === "string" ? stack : undefined;
}
