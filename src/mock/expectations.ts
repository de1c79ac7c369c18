import { MockError } from "./mock-error.js";

/** How one call, or every call, of a method is answered. */
export interface Expectation<H> {
  readonly method: string;
  readonly handler: H;
  /** Where it was added. */
  readonly site: string | undefined;
}

/**
 * What a mock expects, in which order, and what has gone wrong.
 *
 * The sequence goes first: while it is not used up, a method that occurs in it is answered by it alone, each call in its
 * turn. What is set is the answer to all other calls.
 */
export class Expectations<H> {
  private sequence: Expectation<H>[] = [];
  private readonly permanent = new Map<string, Expectation<H>>();
  private readonly failures: string[] = [];
  private position = 0;

  /** @param mocked - what the mock stands for, in its errors */
  constructor(readonly mocked: string) {}

  add(expectation: Expectation<H>): void {
    this.sequence.push(expectation);
  }

  set(expectation: Expectation<H>): void {
    this.permanent.set(expectation.method, expectation);
  }

  /**
   * The answer to a call.
   *
   * @param call - tells the call as errors show it: `say({"text":"hi"})`
   * @throws MockError when none was expected now; the mock remembers it
   */
  take(method: string, call: () => string): Expectation<H> {
    const expected = this.sequence[this.position];
    if (expected?.method === method) {
      this.advance();
      return expected;
    }
    const answer = this.isSequenced(method) ? undefined : this.permanent.get(method);
    if (answer !== undefined) return answer;
    throw this.failed(`unexpected call of ${textOf(call, method)}${this.hint(expected, method)}`);
  }

  hasMore(): boolean {
    return this.position < this.sequence.length;
  }

  /** Remembers that something went wrong. Returns the error to throw. */
  failed(problem: string): MockError {
    this.failures.push(problem);
    return new MockError(this.mocked, [problem]);
  }

  /**
   * @param unfinished - what else there is to complain about
   * @throws MockError listing all that went wrong and all that was expected and did not happen
   */
  verify(unfinished: readonly string[] = []): void {
    const missing = this.sequence
      .slice(this.position)
      .map(({ method, site }) => `not called: ${method}${added(site)}`);
    const problems = [...this.failures, ...unfinished, ...missing];
    if (problems.length > 0) throw new MockError(this.mocked, problems);
  }

  private isSequenced(method: string): boolean {
    return this.sequence.some((expectation) => expectation.method === method);
  }

  /** A sequence that is used up is forgotten: what is added later is a new one. */
  private advance(): void {
    this.position++;
    if (this.hasMore()) return;
    this.sequence = [];
    this.position = 0;
  }

  private hint(next: Expectation<H> | undefined, method: string): string {
    if (next !== undefined) return `\n  expected next: ${next.method}${added(next.site)}`;
    return `\n  nothing more was expected: add("${method}", …) answers one more call, set("${method}", …) all of them`;
  }
}

/** What tells a call may throw: what it was called with has a say in it. */
function textOf(call: () => string, method: string): string {
  try {
    return call();
  } catch {
    return `${method}(…)`;
  }
}

/** Where an expectation was added, behind its name. */
export function added(site: string | undefined): string {
  return site === undefined ? "" : `, added at ${site}`;
}
