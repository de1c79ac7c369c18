import { clone, type DescMethod, type Message, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ownerOf } from "../call/call.js";
import { codeName } from "../call/code.js";
import { answerMessage, answerStream } from "./answer.js";
import { Awaited, type WaitingOptions, waitingMs } from "./awaited.js";
import { checkCount } from "./check-count.js";
import { messageText } from "./message-text.js";

/** What happened in a call that a mock answered, in the order in which the mock saw it. */
export type RecordedEvent<M extends DescMethod = DescMethod> =
  | { readonly type: "received"; readonly message: MessageShape<M["input"]> }
  /** The client has sent all: only where requests stream, and only when the handler reads so far. */
  | { readonly type: "receivedAll" }
  | { readonly type: "sent"; readonly message: MessageShape<M["output"]> }
  /** The call ended; with what was thrown, unless it ended well. */
  | { readonly type: "ended"; readonly error?: unknown };

/** A call that a mock answered. Its `toString()` reads like a script of the conversation. */
export interface RecordedCall<M extends DescMethod = DescMethod> {
  readonly method: M;
  /** The request's headers. */
  readonly header: Headers;
  /** All that has happened so far, in order. */
  readonly events: readonly RecordedEvent<M>[];
  /** The messages that the handler has read so far. */
  readonly requests: readonly MessageShape<M["input"]>[];
  /** The messages that the handler has sent so far. */
  readonly responses: readonly MessageShape<M["output"]>[];
  /**
   * What the call ended with: what a handler threw, as it threw it, or a ConnectError where the client, its deadline or the
   * server ended it. Undefined while it lives, and when it ended well.
   */
  readonly error: unknown;
  /** Resolves when the call has ended, well or not. */
  readonly ended: Promise<void>;
  /**
   * Waits until the handler has read a message.
   *
   * @param count - the how-manieth of the call, counted from 1. Default 1
   * @returns that message; rejects when the call ends before, and after two seconds: it tells what there was
   */
  received(count?: number, options?: WaitingOptions): Promise<MessageShape<M["input"]>>;
  /**
   * Waits until the handler has sent a message.
   *
   * @param count - the how-manieth of the call, counted from 1. Default 1
   * @returns that message; rejects when the call ends before, and after two seconds: it tells what there was
   */
  sent(count?: number, options?: WaitingOptions): Promise<MessageShape<M["output"]>>;
  toString(): string;
}

/** Records one call. Of messages it keeps copies: handlers may change theirs. */
export class Recording implements RecordedCall {
  readonly header: Headers;
  readonly events: RecordedEvent[] = [];
  readonly requests: Message[] = [];
  readonly responses: Message[] = [];
  readonly ended: Promise<void>;
  private resolveEnded: () => void = () => {};
  private readonly awaited = new Awaited();
  private isOver = false;

  constructor(
    readonly method: DescMethod,
    { requestHeader, signal }: HandlerContext,
  ) {
    this.header = requestHeader;
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    // The signal aborts after success, too: then the call is over already.
    const onAbort = () => this.end(ConnectError.from(signal.reason, Code.Canceled));
    signal.addEventListener("abort", onAbort, { once: true });
  }

  get error(): unknown {
    const last = this.events.at(-1);
    return last?.type === "ended" ? last.error : undefined;
  }

  received(count = 1, options?: WaitingOptions): Promise<Message> {
    return this.nth("received", this.requests, count, options);
  }

  sent(count = 1, options?: WaitingOptions): Promise<Message> {
    return this.nth("sent", this.responses, count, options);
  }

  /** Records a request. Returns it. */
  request(message: Message): Message {
    this.record({ type: "received", message: clone(this.method.input, message) });
    return message;
  }

  /** Records requests as they are read. */
  requestStream(messages: AsyncIterable<Message>): AsyncIterable<Message> {
    const recorded = this.reading(messages);
    // By the stream that it is given, the kit's `receive` knows the call, which has each message's context.
    const owner = ownerOf.get(messages);
    if (owner !== undefined) ownerOf.set(recorded, owner);
    return recorded;
  }

  /** Records an answer, which it makes a whole message. @throws TypeError for what is none */
  response(answer: unknown): Message {
    const message = answerMessage(this.method, answer);
    this.record({ type: "sent", message: clone(this.method.output, message) });
    return message;
  }

  /** Records answers as they are sent. @throws TypeError for what is no stream of them */
  async *responseStream(answers: unknown): AsyncGenerator<Message> {
    for await (const answer of answerStream(this.method, answers)) yield this.response(answer);
  }

  /** The call has ended; only the first time counts. */
  end(...error: [unknown?]): void {
    this.record(error.length === 0 ? { type: "ended" } : { type: "ended", error: error[0] });
    this.isOver = true;
    this.resolveEnded();
    this.awaited.changed();
  }

  toString(): string {
    const { parent, name } = this.method;
    const lines = this.events.map((event) => `\n  ${this.line(event).replaceAll("\n", "\n    ")}`);
    return `${parent.typeName}/${name}${lines.join("")}`;
  }

  private async *reading(messages: AsyncIterable<Message>): AsyncGenerator<Message> {
    for await (const message of messages) yield this.request(message);
    this.record({ type: "receivedAll" });
  }

  private async nth(
    what: "received" | "sent",
    messages: readonly Message[],
    count: number,
    options: WaitingOptions | undefined,
  ): Promise<Message> {
    checkCount(`${what}: count`, count);
    const nth = `${what}(${count})`;
    const timeoutMs = waitingMs(nth, options);
    const find = () => {
      const message = messages[count - 1];
      if (message === undefined && this.isOver) throw new Error(`${nth}: the call has ended:\n${this}`);
      return message;
    };
    const complaint = () => `${nth}: not within ${timeoutMs} ms; the call so far:\n${this}`;
    return this.awaited.until(find, timeoutMs, complaint);
  }

  private record(event: RecordedEvent): void {
    if (this.isOver) return;
    this.events.push(event);
    if (event.type === "received") this.requests.push(event.message);
    if (event.type === "sent") this.responses.push(event.message);
    this.awaited.changed();
  }

  private line(event: RecordedEvent): string {
    switch (event.type) {
      case "received":
        return `← ${messageText(this.method.input, event.message)}`;
      case "receivedAll":
        return "← end";
      case "sent":
        return `→ ${messageText(this.method.output, event.message)}`;
      case "ended":
        return "error" in event ? `→ ${errorText(event.error)}` : "→ end";
    }
  }
}

function errorText(error: unknown): string {
  return error instanceof ConnectError ? `${codeName(error.code)}: ${error.rawMessage}` : String(error);
}
