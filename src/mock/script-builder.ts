import type { DescMessage, DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { isHeaderName, unexpected } from "../call/options.js";
import { errorMessage } from "./error-message.js";
import { added } from "./expectations.js";
import { messageCopy } from "./message-copy.js";
import { writtenMessage } from "./message-init.js";
import { type Expected, type MessageMatcher, messageMatcher } from "./message-matcher.js";
import { messageText } from "./message-text.js";
import { streamsRequests, streamsResponses } from "./method-kind.js";
import { delay, fail, never, type Step } from "./step.js";

/** One step of a script. */
export type ScriptStep =
  | { readonly type: "expect"; readonly matcher: MessageMatcher }
  | { readonly type: "expectEnd" }
  | { readonly type: "send"; readonly message: Message }
  | { readonly type: "header" | "trailer"; readonly name: string; readonly value: string }
  | { readonly type: "step"; readonly step: Step };

/** Collects the steps of a script for a method of any kind. Users see it as a {@link Script}, which has fewer methods. */
export class ScriptBuilder {
  readonly steps: ScriptStep[] = [];
  /** What has ended the script. */
  private end: string | undefined;
  /** What has ended the requests. */
  private requestsEnd: string | undefined;
  private isPlayed = false;

  /** @param site - where it was added */
  constructor(
    readonly method: DescMethod,
    readonly site: string | undefined,
  ) {}

  expect(expected?: Expected<DescMessage>): this {
    if (this.requestsEnd !== undefined) {
      throw this.misuse("expect(…)", `no request can come after ${this.requestsEnd}`);
    }
    const matcher = this.made("expect(…)", () => messageMatcher(this.method.input, expected));
    this.add("expect(…)", { type: "expect", matcher });
    if (!streamsRequests(this.method)) this.requestsEnd = "the one request of this method";
    return this;
  }

  expectEnd(): this {
    if (!streamsRequests(this.method))
      throw this.misuse("expectEnd()", "this method has one request, and no stream that could end");
    if (this.requestsEnd !== undefined) throw this.misuse("expectEnd()", "the end is expected already");
    this.requestsEnd = "expectEnd()";
    return this.add("expectEnd()", { type: "expectEnd" });
  }

  send(init: MessageInitShape<DescMessage>): this {
    const { output } = this.method;
    const message = this.made("send(…)", () => messageCopy(output, writtenMessage(output, init)));
    this.add("send(…)", { type: "send", message });
    if (!streamsResponses(this.method)) this.end = "send(…), the one answer of this method";
    return this;
  }

  header(name: string, value: string): this {
    if (streamsResponses(this.method) && this.steps.some(({ type }) => type === "send")) {
      throw this.misuse("header(…)", "the headers go out with the first message");
    }
    return this.addMetadata("header", name, value);
  }

  trailer(name: string, value: string): this {
    return this.addMetadata("trailer", name, value);
  }

  delay(ms: number): this {
    return this.addStep(delay(ms));
  }

  fail(error: Error): void {
    this.addStep(fail(error));
    this.end = "fail(…)";
  }

  never(): void {
    this.addStep(never());
    this.end = "never()";
  }

  /** A call begins to play it: nothing can be added any more, which that call would get or not, as it happens. */
  played(): void {
    this.isPlayed = true;
  }

  /** Why the script can't be played, if it can't. */
  get flaw(): string | undefined {
    const isComplete = streamsResponses(this.method) || this.end !== undefined;
    if (isComplete) return undefined;
    const script = `the script of ${this.method.localName}${added(this.site)}`;
    return `${script}, has no answer: end it with send(…), fail(…) or never()`;
  }

  private addMetadata(type: "header" | "trailer", name: string, value: string): this {
    if (!isHeaderName(name)) throw unexpected(type, "the name of a header", name);
    if (isReserved(name)) throw unexpected(type, "a name that the protocol does not use itself", name);
    if (!isHeaderValue(value)) throw unexpected(`${type} ${name}`, "text that a header can carry", value);
    return this.add(`${type}(…)`, { type, name, value });
  }

  private addStep(step: Step): this {
    return this.add(step.name, { type: "step", step });
  }

  private add(name: string, step: ScriptStep): this {
    if (this.end !== undefined) throw this.misuse(name, `nothing can follow ${this.end}`);
    if (this.isPlayed) throw this.misuse(name, "a call plays the script already: write all of it before");
    this.steps.push(step);
    return this;
  }

  /** Makes something for a step. */
  private made<T>(step: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw this.misuse(step, errorMessage(error));
    }
  }

  private misuse(step: string, why: string): TypeError {
    return new TypeError(`script of ${this.method.localName}: ${step}: ${why}`);
  }
}

/** Whether a header is the transport's: HTTP's framing, or the protocol's own. Set by a script, it would break the answer. */
function isReserved(name: string): boolean {
  return reserved.test(name);
}

const reserved = new RegExp(
  `^(?:${[
    "connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|http2-settings",
    "accept-encoding|content-(?:encoding|length|type)",
    "grpc-(?:accept-encoding|encoding|message|status|status-details-bin|timeout)",
    "connect-(?:accept-encoding|content-encoding|protocol-version|timeout-ms)|trailer-.*",
  ].join("|")})$`,
  "i",
);

/** Whether a value can be that of a header, as `Headers` sees it: Latin-1 without line ends and NUL. */
function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && /^[^\0\r\n\u0100-\uffff]*$/.test(value);
}

/** A step as errors show it. */
export function stepText(step: ScriptStep, method: DescMethod): string {
  switch (step.type) {
    case "expect":
      return `expect ${step.matcher.text}`;
    case "expectEnd":
      return "expect the end of the requests";
    case "send":
      return `send ${messageText(method.output, step.message)}`;
    case "header":
    case "trailer":
      return `${step.type} ${step.name}`;
    case "step":
      return step.step.name;
  }
}
