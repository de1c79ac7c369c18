import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
} from "@bufbuild/protobuf";
import type { Expected } from "./message-matcher.js";

/**
 * The script of a conversation, as the server plays it. What can come next depends on the kind of the method and on what
 * was said before: other orders do not compile, and throw where nobody compiles, or the service is known at run time only.
 *
 * @example
 * mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
 */
export type Script<M extends DescMethod> = DescMethod extends M
  ? BidiScript<DescMessage, DescMessage>
  : M extends DescMethodUnary<infer I, infer O>
    ? UnaryScript<I, O>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamScript<I, O>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamScript<I, O>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BidiScript<I, O>
          : never;

/** What a script of any kind can do at any time before its end. */
export interface ScriptSteps<Self> {
  /** Waits, in milliseconds, on the process's timers: a fake clock makes it pass without waiting. */
  delay(ms: number): Self;
  /** Sets a response header. Where a stream answers, before its first message. */
  header(name: string, value: string): Self;
  /** Sets a response trailer. */
  trailer(name: string, value: string): Self;
  /** Ends the call with an error, as a handler would throw it. Nothing can follow. */
  fail(error: Error): void;
  /** Waits until the call ends from elsewhere: by its client, its deadline or its server. Nothing can follow. */
  never(): void;
}

/** One message is still to be answered, and the answer ends the call. */
export interface AnswerScript<O extends DescMessage> extends ScriptSteps<AnswerScript<O>> {
  /** Answers. Nothing can follow. */
  send(message: MessageInitShape<O>): void;
}

/** Messages go out, as many as one likes. The call ends well after the last step. */
export interface AnswersScript<O extends DescMessage> extends ScriptSteps<AnswersScript<O>> {
  /** Sends a message. */
  send(message: MessageInitShape<O>): AnswersScript<O>;
}

/** The script of a unary call: the request, which need not be looked at, and its answer. */
export interface UnaryScript<I extends DescMessage, O extends DescMessage> extends AnswerScript<O> {
  /** The request must be this one. */
  expect(request?: Expected<I>): AnswerScript<O>;
}

/** The script of a server-streaming call: the request, which need not be looked at, and what is sent. */
export interface ServerStreamScript<I extends DescMessage, O extends DescMessage> extends AnswersScript<O> {
  /** The request must be this one. */
  expect(request?: Expected<I>): AnswersScript<O>;
}

/** The script of a client-streaming call: the messages that come, and the answer. */
export interface ClientStreamScript<I extends DescMessage, O extends DescMessage>
  extends ScriptSteps<ClientStreamScript<I, O>> {
  /** The next message must be this one; without an argument, any. */
  expect(message?: Expected<I>): ClientStreamScript<I, O>;
  /**
   * The client must say that it has sent all. Over HTTP/2, a client that cancels looks as if it did: where a test cancels,
   * let the script end with `never()`.
   */
  expectEnd(): AnswerScript<O>;
  /** Answers, perhaps before the client has sent all. Nothing can follow. */
  send(message: MessageInitShape<O>): void;
}

/** The script of a bidi call: messages in both directions, in this order. The call ends well after the last step. */
export interface BidiScript<I extends DescMessage, O extends DescMessage>
  extends ScriptSteps<BidiScript<I, O>> {
  /** The next message must be this one; without an argument, any. */
  expect(message?: Expected<I>): BidiScript<I, O>;
  /**
   * The client must say that it has sent all. Over HTTP/2, a client that cancels looks as if it did: where a test cancels,
   * let the script end with `never()`.
   */
  expectEnd(): AnswersScript<O>;
  /** Sends a message. */
  send(message: MessageInitShape<O>): BidiScript<I, O>;
}
