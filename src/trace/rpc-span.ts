import { type Attributes, type Context, type Span, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { type Address, addressOf } from "../call/address.js";
import type { Call } from "../call/call.js";
import { asConnectError, codeName, isErrorOn } from "../call/code.js";
import { errorMessage, exceptionAttributes } from "../call/exception.js";
import * as names from "../call/semconv.js";
import type { FailureOutcome, Outcome } from "../call/types.js";
import { annotationsOf } from "../log/index.js";
import type { ResolvedTraceOptions } from "./options.js";
import type { SpanStart } from "./span-parent.js";

/** What a call is traced with: a span, or several. */
export interface CallSpan {
  /** The span that everything in the call belongs to. */
  readonly span: Span;
  onResponseHeader(header: Headers): void;
  end(outcome: Outcome): void;
}

/**
 * The span of one RPC, or of one end of a stream, by OpenTelemetry's conventions for RPC and Connect RPC, v1.45.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 */
export class RpcSpan implements CallSpan {
  readonly span: Span;
  private responseHeader: Headers | undefined = undefined;

  /**
   * Starts the span, with all that samplers may want to know.
   *
   * @param parent - the context to start it in
   * @param start - its kind, and what it has beyond the attributes of both sides
   */
  constructor(
    private readonly call: Call,
    private readonly options: ResolvedTraceOptions,
    tracer: Tracer,
    parent: Context,
    start: SpanStart,
  ) {
    const attributes = this.allowed(startAttributes(call, options, start.attributes));
    this.span = tracer.startSpan(call.path, { startTime: call.startedAt, ...start, attributes }, parent);
  }

  /** They are read at the end: a handler may add to them until its first message goes out. */
  onResponseHeader(header: Headers): void {
    this.responseHeader = header;
  }

  /** Says how the call ended, and ends the span at that very time. */
  end(outcome: Outcome): void {
    const endTime = this.call.startedAt + outcome.durationMs;
    try {
      if (this.span.isRecording()) this.describe(outcome, endTime);
    } finally {
      this.span.end(endTime);
    }
  }

  private describe(outcome: Outcome, time: number): void {
    const attributes = endAttributes(this.call, outcome);
    if (this.responseHeader !== undefined) {
      addHeaders(attributes, this.responseHeader, this.options.responseHeaders, names.responseHeader);
    }
    this.span.setAttributes(this.allowed(attributes));
    if (outcome.type !== "ok") this.describeFailure(outcome, time);
  }

  /** What is no fault of the server leaves the status of its span unset. */
  private describeFailure({ code, cause }: FailureOutcome, time: number): void {
    const annotations = annotationsOf(cause);
    const isError = isErrorOn(this.call.side, code);
    if (isError) {
      this.span.setAttributes(this.allowed({ [names.errorType]: codeName(code) }));
      this.span.setStatus({ code: SpanStatusCode.ERROR, ...this.statusMessage(cause) });
    }
    if (isError || annotations !== undefined) {
      const attributes = { ...annotations, ...exceptionAttributes(cause) };
      this.span.addEvent(names.exceptionEvent, this.allowed(attributes), time);
    }
  }

  /** The code is an attribute: the description is what is beyond it, and as secret as the exception's message. */
  private statusMessage(cause: unknown): { readonly message?: string } {
    const message = errorMessage(asConnectError(cause)?.rawMessage ?? cause);
    return names.exceptionMessage in this.allowed({ [names.exceptionMessage]: message }) ? { message } : {};
  }

  private allowed(attributes: Attributes): Attributes {
    return this.options.allowed(attributes, this.call);
  }
}

function startAttributes(
  call: Call,
  options: ResolvedTraceOptions,
  more: Attributes | undefined,
): Attributes {
  const attributes: Attributes = {
    [names.rpcSystemName]: names.connectRpc,
    [names.rpcMethod]: call.path,
    ...more,
  };
  addAddress(attributes, addressOf(call.request.url), names.serverAddress, names.serverPort);
  addHeaders(attributes, call.header, options.requestHeaders, names.requestHeader);
  return attributes;
}

function endAttributes(call: Call, { type, code, received, sent }: Outcome): Attributes {
  const attributes: Attributes = {};
  if (call.kind !== "unary") {
    attributes[names.clueMessagesReceived] = received;
    attributes[names.clueMessagesSent] = sent;
  }
  if (call.ignoredMetadata > 0) attributes[names.clueMetadataIgnored] = call.ignoredMetadata;
  if (code !== undefined) {
    attributes[names.rpcStatusCode] = codeName(code);
    attributes[names.clueOutcome] = type;
  }
  return attributes;
}

/** Adds the two attributes of an address: those that are known. */
export function addAddress(
  attributes: Attributes,
  address: Address | undefined,
  host: string,
  port: string,
): void {
  if (address === undefined) return;
  attributes[host] = address.host;
  if (address.port !== undefined) attributes[port] = address.port;
}

/** Values as the conventions have them: a list, though `Headers` joins what came more than once. */
function addHeaders(
  attributes: Attributes,
  header: Headers,
  allowed: readonly string[],
  attribute: (name: string) => string,
): void {
  for (const name of allowed) {
    const value = header.get(name);
    if (value !== null) attributes[attribute(name)] = [value];
  }
}
