/** What {@link ServiceMock.verify} and {@link ObjectMock.verify} throw, and what a call fails with that a mock did not expect. */
export class MockError extends Error {
  override readonly name = "MockError";

  /**
   * @param mocked - what the mock stands for: `chat.v1.ChatService`
   * @param problems - what went wrong, one text each, oldest first
   */
  constructor(
    readonly mocked: string,
    readonly problems: readonly string[],
  ) {
    super(text(mocked, problems));
  }
}

function text(mocked: string, problems: readonly string[]): string {
  if (problems.length === 1) return `mock of ${mocked}: ${problems[0]}`;
  return `mock of ${mocked}: ${problems.length} problems${problems.map(numbered).join("")}`;
}

function numbered(problem: string, i: number): string {
  return `\n${i + 1}. ${problem}`.replaceAll("\n", "\n  ");
}
