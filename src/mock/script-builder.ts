import {
  create,
  type DescMessage,
  type DescMethod,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { isHeaderName, unexpected } from "../call/options.js";
import { added } from "./expectations.js";
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

  /** @param site - where it was added */
  constructor(
    readonly method: DescMethod,
    readonly site: string | undefined,
  ) {}

  expect(expected?: Expected<DescMessage>): this {
    if (this.requestsEnd !== undefined) {
      throw this.misuse("expect(…)", `no request can come after ${this.requestsEnd}`);
    }
    if (!streamsRequests(this.method)) this.requestsEnd = "the one request of this method";
    return this.add("expect(…)", { type: "expect", matcher: messageMatcher(this.method.input, expected) });
  }

  expectEnd(): this {
    if (!streamsRequests(this.method))
      throw this.misuse("expectEnd()", "this method has one request, and no stream that could end");
    if (this.requestsEnd !== undefined) throw this.misuse("expectEnd()", "the end is expected already");
    this.requestsEnd = "expectEnd()";
    return this.add("expectEnd()", { type: "expectEnd" });
  }

  send(init: MessageInitShape<DescMessage>): this {
    this.add("send(…)", { type: "send", message: create(this.method.output, init) });
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

  /** Why the script can't be played, if it can't. */
  get flaw(): string | undefined {
    const isComplete = streamsResponses(this.method) || this.end !== undefined;
    if (isComplete) return undefined;
    const script = `the script of ${this.method.localName}${added(this.site)}`;
    return `${script}, has no answer: end it with send(…), fail(…) or never()`;
  }

  private addMetadata(type: "header" | "trailer", name: string, value: string): this {
    if (!isHeaderName(name)) throw unexpected(type, "the name of a header", name);
    if (!isHeaderValue(value)) throw unexpected(`${type} ${name}`, "text that a header can carry", value);
    return this.add(`${type}(…)`, { type, name, value });
  }

  private addStep(step: Step): this {
    return this.add(step.name, { type: "step", step });
  }

  private add(name: string, step: ScriptStep): this {
    if (this.end !== undefined) throw this.misuse(name, `nothing can follow ${this.end}`);
    this.steps.push(step);
    return this;
  }

  private misuse(step: string, why: string): TypeError {
    return new TypeError(`script of ${this.method.localName}: ${step}: ${why}`);
  }
}

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
