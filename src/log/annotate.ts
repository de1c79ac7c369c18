import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { callOf } from "../call/call.js";
import { isError } from "../call/cut.js";
import { relatedErrors } from "../call/error-text.js";
import { clueAnnotatedSpanId, clueAnnotatedTime, clueAnnotatedTraceId } from "../call/semconv.js";
import { type ContextLike, contextOf } from "../context/context-of.js";
import { addAnnotation, annotationOf } from "./annotation.js";
import { attributeValue } from "./attribute-value.js";
import { logOf } from "./call-log.js";
import { copyFields } from "./copy-fields.js";
import { errorDetails } from "./error-fields.js";
import { spanContextOf } from "./span-context.js";
import type { Fields } from "./types.js";

/**
 * Gives an error fields to carry, so that it need not be logged where it happens: whoever logs it, or an error that it
 * caused, has them on the line, and so has the span of a call that ends with it. The trace id, the span id and the time
 * of the moment travel with them, and are told as `err.trace_id`, `err.span_id` and `err.time` on a line that has others.
 *
 * Nothing of it goes over the wire, and the error itself stays as it is. Fields are copied, bounded as those of a line.
 * Annotating again adds to them: the later field wins, and the moment is the first one. So annotate errors that were
 * made for the occasion: one that is thrown again and again takes its fields from call to call. Never throws.
 *
 * @param error - the error; anything else that was thrown becomes the `cause` of a new one
 * @param fields - any keys, any values
 * @param ctx - the context of the moment: an OpenTelemetry context or a handler's. Default: the active one
 * @returns the same error
 *
 * @example
 * throw annotate(new ConnectError("no such order", Code.NotFound), { orderId });
 */
export function annotate<E extends Error>(error: E, fields: Fields, ctx?: ContextLike): E;
export function annotate(thrown: unknown, fields: Fields, ctx?: ContextLike): Error;
export function annotate(thrown: unknown, fields: Fields, ctx?: ContextLike): Error {
  const context = contextOf(ctx);
  const maxSize = logOf(callOf(context))?.core.maxSize ?? defaultMaxSize;
  const error = isError(thrown) ? thrown : wrapped(thrown, maxSize);
  const moment = { time: Date.now(), span: spanContextOf(context) };
  addAnnotation(error, { fields: copyFields(fields, maxSize), moment });
  return error;
}

/**
 * The fields that an error and what caused it carry, as attributes, with the moment when it was annotated first:
 * `clue.annotated.trace_id`, `clue.annotated.span_id` and `clue.annotated.time`. Undefined when it was not annotated.
 *
 * @param error - whatever was thrown
 */
export function annotationsOf(error: unknown): Attributes | undefined {
  const annotation = annotationOf(relatedErrors(error));
  if (annotation === undefined) return undefined;
  const attributes: Record<string, AttributeValue> = {};
  for (const [key, value] of Object.entries(annotation.fields)) {
    if (value !== undefined) attributes[key] = attributeValue(value);
  }
  const { time, span } = annotation.moment;
  if (span !== undefined) {
    attributes[clueAnnotatedTraceId] = span.traceId;
    attributes[clueAnnotatedSpanId] = span.spanId;
  }
  attributes[clueAnnotatedTime] = new Date(time).toISOString();
  return attributes;
}

/** Where no logger of a call says otherwise: the default of `createLogger`. */
const defaultMaxSize = 1024;

function wrapped(thrown: unknown, maxSize: number): Error {
  return new Error(errorDetails(thrown, maxSize).message, { cause: thrown });
}
