import type { Attributes } from "@opentelemetry/api";
import { cut, isError, property } from "./cut.js";
import { errorChain, errorText, plainText, relatedErrors } from "./error-text.js";
import { exceptionMessage, exceptionStacktrace, exceptionType } from "./semconv.js";

/**
 * What was thrown as the attributes of an exception event: its type, its message, and the stacks of the error and of
 * what caused it. Bounded, and safe for whatever was thrown.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
 */
export function exceptionAttributes(thrown: unknown): Attributes {
  const attributes = { [exceptionType]: typeOf(thrown), [exceptionMessage]: errorMessage(thrown) };
  if (!isError(thrown)) return attributes;
  return { ...attributes, [exceptionStacktrace]: stackTrace(thrown) };
}

/** The message of what was thrown, without what caused it. An object that is no error stays out, as it does in the log. */
export function errorMessage(thrown: unknown): string {
  if (!isError(thrown)) return cut(plainText(thrown), maxText);
  const message = property(thrown, "message");
  return typeof message === "string" ? cut(message, maxText) : errorText(thrown, maxText);
}

function typeOf(thrown: unknown): string {
  const name = isError(thrown) ? property(thrown, "name") : typeof thrown;
  return typeof name === "string" ? cut(name, maxText) : "Error";
}

/** The causes one after the other, as Java does it; then the errors that were thrown together. */
function stackTrace(thrown: unknown): string {
  const chain = errorChain(thrown);
  const others = relatedErrors(thrown).filter((error) => !chain.includes(error));
  const causes = chain.map(stackOf).join("\nCaused by: ");
  return cut([causes, ...others.map(stackOf)].join("\nAmong its errors: "), maxTrace);
}

/** An error without a stack of its own is told by its text. */
function stackOf(error: unknown): string {
  const stack = isError(error) ? property(error, "stack") : undefined;
  return typeof stack === "string" && stack !== "" ? cut(stack, maxStack) : errorMessage(error);
}

const maxText = 1024;
const maxStack = 4096;
const maxTrace = 16_384;
