import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { ConnectError, Interceptor } from "@connectrpc/connect";
import type { TestContext } from "../mock/test-end.js";

/** Options of {@link testCall}. */
export interface TestCallOptions<M extends DescMethod = DescMethod> {
  /** The request of a unary or a server-streaming method. Default: an empty message. The other two kinds have `send()`. */
  readonly request?: OnlyRequest<M>;
  /** The server's interceptors, in order. Default: none. */
  readonly interceptors?: readonly Interceptor[];
  /** Request headers. */
  readonly headers?: HeadersInit;
  /** The call's deadline, in milliseconds from now. Default: none. */
  readonly timeoutMs?: number;
  /** Cancels the call, as `cancel()` does. */
  readonly signal?: AbortSignal;
  /** The server's shutdown signal. */
  readonly shutdownSignal?: AbortSignal;
  /** The context of the test: a call that is still there at its end is cancelled. */
  readonly test?: TestContext;
}

/** What {@link testCall} returns, by the kind of the method. */
export type TestCall<M extends DescMethod> =
  M extends DescMethodUnary<infer _, infer O>
    ? UnaryTestCall<O>
    : M extends DescMethodServerStreaming<infer _, infer O>
      ? ServerStreamingTestCall<O>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamingTestCall<I, O>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BiDiStreamingTestCall<I, O>
          : never;

/** A call of a unary method. */
export interface UnaryTestCall<O extends DescMessage> extends TestCallBase, WithResponse<O> {}

/** A call of a client-streaming method. */
export interface ClientStreamingTestCall<I extends DescMessage, O extends DescMessage>
  extends TestCallBase,
    WithRequests<I>,
    WithResponse<O> {}

/** A call of a server-streaming method. */
export interface ServerStreamingTestCall<O extends DescMessage> extends TestCallBase, WithAnswers<O> {}

/** A call of a bidi method. */
export interface BiDiStreamingTestCall<I extends DescMessage, O extends DescMessage>
  extends TestCallBase,
    WithRequests<I>,
    WithAnswers<O> {}

/** What calls of all kinds have. */
export interface TestCallBase {
  /** The response headers. Rejects with the call's error when it fails before they are there. */
  readonly header: Promise<Headers>;
  /** The response trailers, after the last message. Rejects with the call's error; that has them as its `metadata`. */
  readonly trailer: Promise<Headers>;
  /** How the call ended for the client: with an error, or undefined. It waits for all answers to have been read. */
  readonly error: Promise<ConnectError | undefined>;
  /**
   * The handler is done, with its `finally` blocks; or the call is, if the handler had not begun by then, or gave an iterator
   * without `return`, which nobody can end. Never rejects.
   */
  readonly handled: Promise<void>;
  /**
   * Gives the call up, as a client that goes away: the handler's signal aborts, its requests end (where `receive()` reads
   * them, it rejects), and at its next `yield` it is over. A call that has ended stays as it is.
   *
   * @param reason - default: a ConnectError `canceled`
   */
  cancel(reason?: unknown): void;
}

/** What calls have that send any number of messages. */
export interface WithRequests<I extends DescMessage> {
  /**
   * Sends a message: one that was made by `received()` comes with its context.
   *
   * @returns resolves when the handler has asked for it, or when the call has ended. Rejects after `end()`
   */
  send(message: MessageInitShape<I>): Promise<void>;
  /** Says that no more messages come. */
  end(): void;
}

/** What calls have that are answered by one message. */
export interface WithResponse<O extends DescMessage> {
  /** The answer. Rejects with the ConnectError that a client would see. */
  readonly response: Promise<TestResponse<O>>;
}

/**
 * What calls have that are answered by any number of messages. Iterating gives those that were not read yet; a loop that is left
 * before the end cancels the call, as with a client.
 */
export interface WithAnswers<O extends DescMessage> extends AsyncIterable<MessageShape<O>> {
  /**
   * The next answer. As over a network, the handler runs ahead of its reader: here by one answer.
   * Rejects with the call's error, or when the handler has ended without a further one.
   */
  receive(): Promise<MessageShape<O>>;
  /** All further answers, up to the end of the call. Rejects with the call's error. */
  rest(): Promise<readonly MessageShape<O>[]>;
}

/** One message, and what came with it. */
export interface TestResponse<O extends DescMessage> {
  readonly message: MessageShape<O>;
  readonly header: Headers;
  readonly trailer: Headers;
}

type OnlyRequest<M extends DescMethod> = M extends { methodKind: "unary" | "server_streaming" }
  ? MessageInitShape<M["input"]>
  : undefined;
