import type {
  DescMessage,
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createRouterTransport,
  type Interceptor,
  type MethodImpl,
  type Transport,
} from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { givenContext } from "../call/given-context.js";
import { Requests } from "./requests.js";
import { inPlaceOfNetwork, WatchedHandler } from "./served-handler.js";
import { Settled } from "./settled.js";
import type { TestCallOptions, TestResponse } from "./test-call-types.js";

/** What a method takes. */
export type Input<M extends DescMethod> = MessageInitShape<M["input"]>;
/** What a method answers. */
export type Output<M extends DescMethod> = MessageShape<M["output"]>;
/** What a read of an answer gives. */
type Read<M extends DescMethod> = IteratorResult<Output<M>, undefined>;

/** A call of a handler while a test has it in hand, of any kind. */
export class RunningCall<M extends DescMethod> {
  private readonly requests = new Requests<Input<M>>();
  /** The contexts of the messages, in the order of sending. */
  private readonly contexts: (Context | undefined)[] = [];
  private readonly client = new AbortController();
  /** Aborts when the test gives the call up, in either way. */
  private readonly signal: AbortSignal;
  private readonly ended = new Settled<ConnectError | undefined>();
  private readonly trailers = new Settled<Headers>();
  private readonly stream: Promise<Opened<M>>;
  private readonly answers: Promise<AsyncIterator<Output<M>>>;
  private readonly handler: WatchedHandler;
  private failure: ConnectError | undefined;
  /** The answer after those that were handed out: one is read ahead, so that the end of the call is seen by itself. */
  private ahead: Promise<Read<M>>;
  private reading = 0;

  constructor(method: M, handler: MethodImpl<M>, options: TestCallOptions<M>) {
    const signals = [this.client.signal, ...(options.signal === undefined ? [] : [options.signal])];
    this.signal = AbortSignal.any(signals);
    this.handler = new WatchedHandler(handler as (request: never, context: never) => unknown);
    void this.error.then((error) => {
      this.requests.close(error);
      this.handler.callEnded();
    });
    if (method.methodKind === "unary" || method.methodKind === "server_streaming") {
      void this.send((options.request ?? {}) as Input<M>);
      this.end();
    }
    this.stream = this.start(method, options);
    this.answers = this.stream.then(({ message }) => message[Symbol.asyncIterator]());
    this.ahead = quiet(this.read());
  }

  get header(): Promise<Headers> {
    return quiet(this.stream.then(({ header }) => header));
  }

  get trailer(): Promise<Headers> {
    return this.trailers.promise;
  }

  get error(): Promise<ConnectError | undefined> {
    return this.ended.promise;
  }

  get handled(): Promise<void> {
    return this.handler.handled;
  }

  send(message: Input<M>): Promise<void> {
    const taken = this.requests.send(message);
    this.contexts.push(givenContext(message));
    return taken;
  }

  end(): void {
    this.requests.end();
  }

  cancel(reason: unknown = new ConnectError("the test cancelled the call", Code.Canceled)): void {
    this.client.abort(reason);
  }

  /** The answer of a method that has one. */
  onlyAnswer(): Promise<TestResponse<M["output"]>> {
    const read = async () => {
      const message = await this.receive();
      await this.rest();
      return { message, header: await this.header, trailer: await this.trailer };
    };
    return quiet(read());
  }

  async receive(): Promise<Output<M>> {
    const result = await this.next();
    if (result.done !== true) return result.value;
    throw new Error("testCall: receive(): the call has ended, there is no further message");
  }

  async rest(): Promise<readonly Output<M>[]> {
    const all: Output<M>[] = [];
    for (let result = await this.next(); result.done !== true; result = await this.next())
      all.push(result.value);
    return all;
  }

  /** What was read ahead is handed out, and the next one read ahead. */
  next(): Promise<Read<M>> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const result = this.ahead;
    this.ahead = quiet(result.then((read) => (read.done === true ? read : this.read())));
    return result;
  }

  /** Nobody reads any further: as a client that leaves its loop. */
  async leave(): Promise<Read<M>> {
    this.cancel();
    return { done: true, value: undefined };
  }

  private async read(): Promise<Read<M>> {
    this.reading++;
    try {
      const result = await (await this.answers).next();
      if (result.done !== true) return result;
      this.trailers.resolve((await this.stream).trailer);
      this.ended.resolve(undefined);
      return { done: true, value: undefined };
    } catch (error) {
      throw this.fail(error);
    } finally {
      this.reading--;
    }
  }

  private fail(reason: unknown): ConnectError {
    const code = reason === this.signal.reason ? Code.Canceled : Code.Unknown;
    this.failure ??= ConnectError.from(reason, code);
    this.trailers.reject(this.failure);
    this.ended.resolve(this.failure);
    return this.failure;
  }

  private start(method: M, options: TestCallOptions<M>): Promise<Opened<M>> {
    const { interceptors = [], shutdownSignal, headers, timeoutMs } = options;
    const outermost = inPlaceOfNetwork(this.contexts, this.error);
    const transport = createRouterTransport((router) => router.rpc(method, this.handler.impl<M>()), {
      router: { interceptors: [outermost, ...interceptors], ...(shutdownSignal && { shutdownSignal }) },
      transport: { interceptors: [this.watchEnd] },
    });
    const opened = open(transport, method, this.signal, timeoutMs, headers, this.requests.read());
    return opened as Promise<Opened<M>>;
  }

  /**
   * A deadline or a cancel ends a stream also while an answer waits to be handed out. Where one is being read, the read
   * tells: also of success, after which the signal aborts as well.
   */
  private readonly watchEnd: Interceptor = (next) => async (request) => {
    const response = await next(request);
    const { signal } = request;
    const look = () => {
      if (this.reading === 0) this.fail(signal.reason);
    };
    if (signal.aborted) look();
    else if (request.stream) signal.addEventListener("abort", look, { once: true });
    return response;
  };
}

/** Opens a call of any kind: a unary one is a stream of one message each way. */
async function open(
  transport: Transport,
  method: DescMethod,
  signal: AbortSignal,
  timeoutMs: number | undefined,
  headers: HeadersInit | undefined,
  requests: AsyncGenerator<MessageInitShape<DescMessage>>,
): Promise<Opened<DescMethod>> {
  if (!isUnary(method)) {
    return transport.stream(method as DescMethodStreaming, signal, timeoutMs, headers, requests);
  }
  const { value } = await requests.next();
  const response = await transport.unary(method, signal, timeoutMs, headers, value);
  const answers = (async function* () {
    yield response.message;
  })();
  return { header: response.header, trailer: response.trailer, message: answers };
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

/** As much of a response as is read. */
interface Opened<M extends DescMethod> {
  readonly header: Headers;
  readonly trailer: Headers;
  readonly message: AsyncIterable<Output<M>>;
}

/** A promise whose rejection nobody has to hear of. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
