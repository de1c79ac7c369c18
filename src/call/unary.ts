import type { Interceptor, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import type { Call } from "./call.js";
import { asConnectError } from "./code.js";
import { runIn } from "./implicit.js";
import { clientAbort, clientError, serverAbort, serverError } from "./outcome.js";
import { onAbort } from "./signal.js";

/** What an interceptor is given to go on with. Connect does not export the type. */
export type Next = Parameters<Interceptor>[0];

/**
 * Runs a unary call on a server. A cancel or deadline ends the call at once; a handler that ignores its
 * signal goes on, and what it returns changes nothing any more.
 */
export async function serveUnary(call: Call, next: Next, request: UnaryRequest): ReturnType<Next> {
  onAbort(request.signal, () => {
    if (call.outcome === undefined) call.fail(serverAbort(call, request.signal.reason));
  });
  call.onReceived(request.message);
  try {
    const response = await runIn(call.ctx, next, request);
    call.handlerDone();
    answered(call, response as UnaryResponse);
    return response;
  } catch (error) {
    call.handlerDone();
    if (call.outcome === undefined) call.fail(serverError(call, error));
    throw error;
  }
}

/** Runs a unary call on a client. */
export async function callUnary(call: Call, next: Next, request: UnaryRequest): ReturnType<Next> {
  onAbort(request.signal, () => {
    if (call.outcome === undefined) call.fail(clientAbort(request.signal.reason));
  });
  call.onSending(call.ctx, request.message);
  try {
    const response = (await runIn(call.ctx, next, request)) as UnaryResponse;
    call.onSent();
    call.onResponseHeader(response.header);
    call.onReceived(response.message);
    call.succeed();
    return response;
  } catch (error) {
    if (call.outcome === undefined) {
      if (cameFromServer(error)) call.onSent();
      call.fail(clientError(call, error));
    }
    throw error;
  }
}

function answered(call: Call, response: UnaryResponse): void {
  if (call.outcome !== undefined) return;
  call.onResponseHeader(response.header);
  call.onSending(call.ctx, response.message);
  call.onSent();
  call.succeed();
}

/** Only an error that a server sent has headers: then the request had been sent, too. */
function cameFromServer(error: unknown): boolean {
  const metadata = asConnectError(error)?.metadata;
  return metadata !== undefined && !metadata.keys().next().done;
}
