import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamRequest, type StreamResponse } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { Call, ownerOf } from "./call.js";
import { runIn } from "./implicit.js";
import { clientAbort, clientError, type Failure } from "./outcome.js";
import { sendContext } from "./send-context.js";
import { onAbort } from "./signal.js";
import { type StreamHooks, wrapStream } from "./stream.js";
import type { CallObserverFactory } from "./types.js";
import type { Next } from "./unary.js";

/**
 * Runs a streaming call on a client. The transport gets a signal of the kit's own, so that the call can be
 * cancelled from this side (`receive`, a response that nobody reads). The caller's signal aborts it, too.
 *
 * The call must not hold Connect's signal: since Connect 2.3 that signal holds the response stream, and a response that
 * nobody reads could never be collected.
 */
export async function callStream(
  parent: Context,
  observers: readonly CallObserverFactory[],
  next: Next,
  request: StreamRequest,
): ReturnType<Next> {
  const controller = new AbortController();
  const own = { ...request, signal: controller.signal };
  const call = new Call("client", own, parent, observers);
  const stream = new ClientStream(call, controller);
  onAbort(request.signal, () => stream.aborted(request.signal.reason));
  try {
    const message = wrapStream(request.message, stream.requestHooks);
    const response = (await runIn(call.ctx, next, { ...own, message })) as StreamResponse;
    stream.answered(response.header);
    const responses = wrapStream(response.message, stream.responseHooks);
    if (call.outcome === undefined) unread.register(responses, call);
    return { ...response, message: responses };
  } catch (error) {
    stream.failed(error);
    throw error;
  }
}

/**
 * Response streams that were dropped without having been read to the end: nothing else would ever end
 * their calls. The call must not hold the stream, or it would never be collected.
 */
const unread = new FinalizationRegistry<Call>((call) => {
  if (call.outcome !== undefined) return;
  const cause = new ConnectError("the response stream was dropped unread", Code.Canceled);
  call.fail({ type: "abandoned", code: Code.Canceled, cause });
  call.cancel?.(cause);
});

class ClientStream {
  /** A message was handed to the transport; it is sent once the transport asks for the next one. */
  private sending = false;
  /** The response is there, and nobody has asked for any of it. */
  private unread = false;

  constructor(
    private readonly call: Call,
    private readonly controller: AbortController,
  ) {
    call.cancel = (reason) => {
      if (call.outcome === undefined) call.fail({ type: "canceled", code: Code.Canceled, cause: reason });
      controller.abort(reason);
    };
  }

  /** The caller's iterable is pulled by the transport; its body belongs in the context of the caller. */
  readonly requestHooks: StreamHooks<Message> = {
    run: (pull) => runIn(this.call.parent, pull, undefined),
    onPull: () => this.confirmSent(),
    onMessage: (message) => {
      this.sending = true;
      return this.call.onSending(sendContext(this.call, message), message);
    },
    onDone: () => {},
    onError: () => {},
  };

  readonly responseHooks: StreamHooks<Message> = {
    run: (pull) => pull(),
    onPull: () => {
      this.unread = false;
      this.call.onMessageDone();
    },
    onMessage: (message) => {
      if (this.call.received === 0) ownerOf.set(message, this.call);
      this.call.onReceived(message);
      return message;
    },
    onDone: () => {
      this.confirmSent();
      this.call.succeed();
    },
    onError: (error) => this.failed(error),
  };

  answered(header: Headers): void {
    this.unread = true;
    this.call.onResponseHeader(header);
  }

  /** The signal aborts after success as well, when the call has been settled already. */
  aborted(reason: unknown): void {
    if (this.call.outcome === undefined) this.call.fail(this.unlessUnread(clientAbort(reason)));
    this.controller.abort(reason);
  }

  failed(error: unknown): void {
    if (this.call.outcome === undefined) this.call.fail(clientError(this.call, error));
  }

  private confirmSent(): void {
    if (!this.sending) return;
    this.sending = false;
    this.call.onSent();
  }

  /** A deadline that ends a response which nobody ever asked for is the caller's oversight, not slowness. */
  private unlessUnread(failure: Failure): Failure {
    return failure.type === "deadline" && this.unread ? { ...failure, type: "abandoned" } : failure;
  }
}
