import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { transportKey } from "../call/transport.js";
import { added } from "./expectations.js";
import { messageCopy } from "./message-copy.js";
import type { MessageMatcher } from "./message-matcher.js";
import { differsUnseen, messageText } from "./message-text.js";
import { type ScriptBuilder, type ScriptStep, stepText } from "./script-builder.js";
import { whileItLives } from "./while-it-lives.js";

/** One conversation by a script: plays the server's part, and watches the client's. */
export class ScriptRun {
  /** How many steps are done. */
  private position = 0;
  /** What was said, as errors show it. */
  private readonly said: string[] = [];
  /** Whether the client did not keep to the script: then nothing more is expected of it. */
  private isBroken = false;

  /** @param fault - makes the error for a client that does not keep to the script */
  constructor(
    private readonly script: ScriptBuilder,
    private readonly fault: (problem: string) => Error,
  ) {}

  /** The server's messages. It ends after the last step, or throws when the client says something else. */
  async *play(requests: AsyncIterator<Message>, context: HandlerContext): AsyncGenerator<Message> {
    const { flaw, method } = this.script;
    this.script.played();
    if (flaw !== undefined) throw this.broken(flaw);
    for (const step of this.script.steps) {
      if (step.type === "send") {
        this.position++;
        this.say("→", messageText(method.output, step.message));
        yield messageCopy(method.output, step.message);
        continue;
      }
      await this.take(step, requests, context);
      this.position++;
    }
  }

  /** What the client should still have said, as an error shows it; undefined when it has said all. */
  get missing(): string | undefined {
    if (this.isBroken) return undefined;
    const { steps } = this.script;
    const next = steps.findIndex(
      ({ type }, i) => i >= this.position && (type === "expect" || type === "expectEnd"),
    );
    if (next < 0) return undefined;
    return `conversation not finished: ${this.where(next)}${this.transcript()}`;
  }

  private async take(
    step: Exclude<ScriptStep, { type: "send" }>,
    requests: AsyncIterator<Message>,
    context: HandlerContext,
  ): Promise<void> {
    switch (step.type) {
      // Requests know nothing of deadlines: the signal does.
      case "expect":
        return this.receive(step.matcher, await whileItLives(context.signal, requests.next()), context);
      case "expectEnd":
        return this.receiveEnd(await whileItLives(context.signal, requests.next()));
      case "header":
        return context.responseHeader.set(step.name, step.value);
      case "trailer":
        return context.responseTrailer.set(step.name, step.value);
      case "step":
        return step.step.take(context);
    }
  }

  private receive(
    matcher: MessageMatcher,
    { done, value }: IteratorResult<Message>,
    context: HandlerContext,
  ): void {
    if (done) throw this.mismatch("the end of the requests", canBeCut(context) ? cut : "");
    const text = messageText(this.script.method.input, value);
    const why = matcher.mismatch(value);
    if (why !== undefined)
      throw this.mismatch(text, why || (text === matcher.text ? differsUnseen(text) : ""));
    this.say("←", text);
  }

  private receiveEnd({ done, value }: IteratorResult<Message>): void {
    if (!done) throw this.mismatch(messageText(this.script.method.input, value));
    this.say("←", "end");
  }

  private mismatch(received: string, why = ""): Error {
    const reason = why === "" ? "" : ` (${why})`;
    return this.broken(
      `unexpected message: ${this.where(this.position)}\n  received: ${received}${reason}${this.transcript()}`,
    );
  }

  private broken(problem: string): Error {
    this.isBroken = true;
    return this.fault(problem);
  }

  /** A step of the script, for people who look for it. */
  private where(index: number): string {
    const { method, steps, site } = this.script;
    const step = steps[index];
    const wanted = step === undefined ? "" : `: ${stepText(step, method)}`;
    return `${method.localName}, step ${index + 1} of ${steps.length}${added(site)}${wanted}`;
  }

  private say(arrow: string, text: string): void {
    if (this.said.length === mostSaid) this.said.shift();
    this.said.push(`\n    ${arrow} ${text}`);
  }

  private transcript(): string {
    return this.said.length === 0 ? "" : `\n  before:${this.said.join("")}`;
  }
}

/** Over HTTP/2, a client that cancels ends its messages first, and resets its stream a moment later. */
function canBeCut({ values }: HandlerContext): boolean {
  return values.get(transportKey)?.httpVersion === "2.0";
}

const cut = "or its client has cancelled: over HTTP/2 that looks the same";

/** How many messages an error repeats. */
const mostSaid = 10;
