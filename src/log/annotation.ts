import type { SpanContext } from "@opentelemetry/api";
import { shared } from "../call/shared.js";
import { firstFields } from "./copy-fields.js";
import type { LogKeys } from "./keys.js";
import type { FieldsCopy } from "./line.js";

/** When something was, and in which span. */
export interface Moment {
  /** In milliseconds since the epoch. */
  readonly time: number;
  readonly span: SpanContext | undefined;
}

/** What travels with an error to whoever logs it. */
export interface Annotation {
  /** At most 64, and each was bounded when it was annotated. */
  readonly fields: FieldsCopy;
  /** When it was annotated first. */
  readonly moment: Moment;
}

/**
 * Adds fields to those that an error carries already. A later field takes the place of an earlier one; the moment of
 * the first annotation stays, since it is the nearest to the fault.
 *
 * @param error - any object; it is not written to, so that it may be frozen
 */
export function addAnnotation(error: object, annotation: Annotation): void {
  annotations.set(error, merged(annotation, annotations.get(error)));
}

/**
 * What some errors carry, as one annotation. The outer ones were annotated later: their fields win, while the moment is
 * that of the innermost.
 *
 * @param errors - an error and those within it, outermost first
 */
export function annotationOf(errors: readonly unknown[]): Annotation | undefined {
  let annotation: Annotation | undefined;
  for (let i = errors.length - 1; i >= 0; i--) {
    const found = annotations.get(errors[i] as object);
    if (found !== undefined) annotation = merged(found, annotation);
  }
  return annotation;
}

/**
 * What an annotation adds to a line: its fields, and its moment as far as that is not the line's own.
 *
 * @param line - when the line was logged, and in which span
 */
export function annotatedFields({ fields, moment }: Annotation, keys: LogKeys, line: Moment): FieldsCopy {
  const { error, traceId, spanId, time } = keys;
  return {
    ...fields,
    [`${error}.${traceId}`]: unless(line.span?.traceId, moment.span?.traceId),
    [`${error}.${spanId}`]: unless(line.span?.spanId, moment.span?.spanId),
    [`${error}.${time}`]: moment.time === line.time ? undefined : new Date(moment.time),
  };
}

/** Beside the errors, which may be frozen, and which others may print with all that they hold. */
const annotations = shared("annotations", () => new WeakMap<object, Annotation>());

function merged(later: Annotation, earlier: Annotation | undefined): Annotation {
  if (earlier === undefined) return later;
  return { fields: firstFields({ ...earlier.fields, ...later.fields }), moment: earlier.moment };
}

function unless<T>(own: T, value: T): T | undefined {
  return value === own ? undefined : value;
}
