import { counted, numbered } from "./numbered.js";

/**
 * What {@link ServiceMock.verify} and {@link ObjectMock.verify} throw, and what a call fails with that a mock did not expect.
 * The message counts equal problems, and lists the first 20.
 */
export class MockError extends Error {
  override readonly name = "MockError";
  // No property of its own: test runners would print them all beside the message.
  readonly #problems: readonly string[];

  /**
   * @param mocked - what the mock stands for: `chat.v1.ChatService`
   * @param problems - what went wrong, one text each, oldest first
   */
  constructor(
    readonly mocked: string,
    problems: readonly string[],
  ) {
    super(text(mocked, problems));
    this.#problems = problems;
  }

  /** All that went wrong, one text each, oldest first. */
  get problems(): readonly string[] {
    return this.#problems;
  }
}

function text(mocked: string, problems: readonly string[]): string {
  const [first, ...more] = counted(problems);
  if (more.length === 0) return `mock of ${mocked}: ${first}`;
  return `mock of ${mocked}: ${more.length + 1} problems${numbered(problems)}`;
}
