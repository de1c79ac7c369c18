import { type Attributes, type AttributeValue, type SpanContext, SpanStatusCode } from "@opentelemetry/api";
import { errorType, rpcStatusCode } from "../call/semconv.js";
import type { ReadableSpanLike, TimedEventLike } from "./sdk-types.js";
import { type Paint, printable } from "./terminal-text.js";

/**
 * What there is to tell of a span beyond its name and its times, a line for each: how it failed, whose child it is
 * where that cannot be seen, what it is linked to, and the kit's own attributes.
 *
 * @param isRoot - whether its parent is not printed above it
 * @param names - the names of the spans that are printed with it, by their ids
 */
export function spanDetails(
  span: ReadableSpanLike,
  isRoot: boolean,
  names: ReadonlyMap<string, string>,
  paint: Paint,
): string[] {
  const { traceId } = span.spanContext();
  const parent = isRoot ? span.parentSpanContext : undefined;
  const quiet = [
    ...(parent === undefined
      ? []
      : [`child of ${parent.isRemote ? "remote " : ""}span ${id(parent.spanId)}`]),
    ...span.links.map(({ context }) => `linked to ${target(context, traceId, names)}`),
    ...listed(span.attributes, (key) => key.startsWith("clue.")),
  ];
  return [...failure(span, paint), ...exceptions(span, paint), ...quiet.map((line) => paint("2", line))];
}

/** A code that only the other side is to blame for is no error here, and told in another colour. */
function failure({ status, attributes }: ReadableSpanLike, paint: Paint): string[] {
  const code = attributes[rpcStatusCode] ?? attributes[errorType];
  if (status.code === SpanStatusCode.ERROR) {
    const message = status.message ? `: ${printable(status.message, maxText)}` : "";
    return [paint("31", `✗ ${value(code ?? "error")}${message}`)];
  }
  return code === undefined ? [] : [paint("33", `! ${value(code)}`)];
}

/** The errors that the span has recorded, as far as its status does not tell them, and the fields that they carry. */
function exceptions({ status, events }: ReadableSpanLike, paint: Paint): string[] {
  return events.filter(isException).flatMap(({ attributes = {} }) => {
    const { "exception.type": type = "exception", "exception.message": message = "" } = attributes;
    const isTold = status.message && `${message}`.endsWith(status.message);
    return [
      ...(isTold ? [] : [paint("31", `  ${value(type)}: ${value(message)}`)]),
      ...listed(attributes, (key) => !key.startsWith("exception.")).map((line) => paint("2", `  ${line}`)),
    ];
  });
}

function isException({ name }: TimedEventLike): boolean {
  return name === "exception";
}

function target(context: SpanContext, traceId: string, names: ReadonlyMap<string, string>): string {
  const span = `span ${id(context.spanId)}`;
  if (context.traceId !== traceId) return `trace ${id(context.traceId)}, ${span}`;
  const name = names.get(context.spanId);
  return name === undefined ? span : `${name}, ${span}`;
}

/** Some attributes as one line, or none. */
function listed(attributes: Attributes, isWanted: (key: string) => boolean): string[] {
  const texts = Object.entries(attributes)
    .filter(([key]) => isWanted(key))
    .map(([key, attribute]) => `${printable(key, maxText)}=${value(attribute ?? "")}`);
  return texts.length === 0 ? [] : [texts.join("  ")];
}

function value(attribute: AttributeValue): string {
  return printable(typeof attribute === "string" ? attribute : JSON.stringify(attribute), maxText);
}

function id(text: string): string {
  return printable(text, 32);
}

const maxText = 100;
