import type { Message } from "@bufbuild/protobuf";
import type { StreamRequest, StreamResponse } from "@connectrpc/connect";
import { type Call, ownerOf } from "./call.js";
import { runIn } from "./implicit.js";
import { serverAbort, serverError, serverReset, unwritable } from "./outcome.js";
import { sendContext } from "./send-context.js";
import { onAbort } from "./signal.js";
import { type StreamHooks, wrapStream } from "./stream.js";
import type { Next } from "./unary.js";

/**
 * Runs a streaming call on a server. The handler's body runs in the context of whoever pulls its response,
 * so that every pull is bound to the call's context; `finally` blocks run under `return` and `throw`,
 * which are bound, too.
 */
export async function serveStream(call: Call, next: Next, request: StreamRequest): ReturnType<Next> {
  const stream = new ServerStream(call);
  onAbort(request.signal, () => stream.aborted());
  try {
    const message = wrapStream(request.message, stream.requestHooks);
    ownerOf.set(message, call);
    const response = (await runIn(call.ctx, next, { ...request, message })) as StreamResponse;
    call.onResponseHeader(response.header);
    return { ...response, message: wrapStream(response.message, stream.responseHooks) };
  } catch (error) {
    stream.failed(error);
    throw error;
  }
}

/** Where a server's stream stands, and what its end means. */
class ServerStream {
  /** The client has closed its side, or seems to have: a reset while the handler reads looks the same. */
  private requestEnded = false;
  /** The handler has left its request loop: what the client does with its side means nothing any more. */
  private requestLeft = false;
  /** The handler is done and the HTTP/2 stream will tell whether the client was still there. */
  private finished = false;
  /** An outer interceptor has taken what it wanted of the response. */
  private returned = false;
  /** The signal has aborted, and what that means is not settled yet. */
  private aborting = false;
  /** A message was handed to the transport; it is sent once the transport asks for the next one. */
  private sending = false;

  constructor(private readonly call: Call) {}

  readonly requestHooks: StreamHooks<Message> = {
    run: (pull) => pull(),
    onPull: () => this.call.onMessageDone(),
    onMessage: (message) => {
      this.call.onReceived(message);
      return message;
    },
    onDone: () => {
      if (!this.requestLeft) this.requestEnded = true;
      this.call.current = this.call.ctx;
    },
    onError: (error) => {
      this.call.wireError = error;
    },
    onReturn: () => {
      this.requestLeft = true;
    },
  };

  readonly responseHooks: StreamHooks<Message> = {
    run: (pull) => runIn(this.call.ctx, pull, undefined),
    onPull: () => this.confirmSent(),
    onMessage: (message) => {
      this.sending = true;
      return this.call.onSending(sendContext(this.call, message), message);
    },
    onDone: () => this.done(),
    onError: (error) => this.failed(error),
    onReturn: () => {
      this.returned = true;
      this.closed(undefined);
    },
    onThrow: (error) => {
      this.call.wireError = error;
      this.closed(error);
    },
  };

  /**
   * The signal aborts in Connect after success as well: what has finished is not aborted any more. It also aborts
   * when Connect cannot write a response, which it then closes, one microtask later: that tells it from a shutdown.
   */
  aborted(): void {
    if (this.call.outcome !== undefined || this.finished) return;
    if (this.returned) {
      this.call.succeed();
      return;
    }
    this.aborting = true;
    queueMicrotask(() => queueMicrotask(() => this.settleAbort()));
  }

  private settleAbort(): void {
    if (this.call.outcome !== undefined || this.finished) return;
    this.call.fail(serverAbort(this.call, this.call.signal.reason));
  }

  /** The response is closed from outside. Where the signal aborts with it and the client is there, it could not be written. */
  private closed(error: unknown): void {
    if (!this.aborting || this.call.outcome !== undefined || this.call.transport?.closed === true) return;
    this.call.fail(unwritable(error));
  }

  failed(error: unknown): void {
    this.call.handlerDone();
    if (this.call.outcome === undefined && !this.finished) this.call.fail(serverError(this.call, error));
  }

  private confirmSent(): void {
    if (!this.sending) return;
    this.sending = false;
    this.call.onSent();
  }

  /**
   * The handler is done. Where a reset could have passed for the end of the request, success is
   * settled only when the HTTP/2 stream has closed without one.
   */
  private done(): void {
    this.call.handlerDone();
    if (this.call.outcome !== undefined || this.finished) return;
    const { transport } = this.call;
    if (transport === undefined || !this.requestEnded || !this.requestCanBeCut()) {
      this.call.succeed();
      return;
    }
    this.finished = true;
    this.call.finish();
    transport.onClose(() => {
      if (transport.resetCode === 0) this.call.succeed();
      else this.call.fail(serverReset(this.call, transport.resetCode));
    });
  }

  private requestCanBeCut(): boolean {
    const { kind, transport } = this.call;
    return transport?.httpVersion === "2.0" && (kind === "client_streaming" || kind === "bidi_streaming");
  }
}
