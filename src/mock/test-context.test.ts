import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createMock, type TestContext } from "connect-clue/mock";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { writeFiles } from "../../test/support/buf-generate.js";
import { root } from "../../test/support/built.js";
import { cli } from "../../test/support/cli.js";
import { problemOf, thrownBy } from "../../test/support/problems.js";

/** Tests of either runner: what becomes of them, and why. */
const suite = `
const swallow = (mock) => mock.client().say({ text: "hi" }).catch(() => {});

test("passes: all that was expected has happened", async (t) => {
  const mock = createMock(ChatService, { test: t });
  mock.add("say", () => ({}));
  await mock.client().say({});
});

test("fails: something did not happen", (t) => {
  createMock(ChatService, { test: t }).add("say", () => ({}));
});

test("fails: the error of a call was swallowed", async (t) => {
  await swallow(createMock(ChatService, { test: t }));
});

test("fails: an assertion in a handler was swallowed", async (t) => {
  const mock = createMock(ChatService, { test: t });
  mock.add("say", ({ text }) => assert.equal(text, "ho"));
  await swallow(mock);
});

test("fails: an object's call was swallowed", (t) => {
  const mock = createMock({ name: "Orders", test: t });
  try {
    mock.object.find("a");
  } catch {}
});

test("fails: for a reason of its own, which still shows", (t) => {
  createMock(ChatService, { test: t }).add("say", () => ({}));
  throw new Error("a reason of its own");
});

test("fails: of two mocks both are told, and what else was there goes as well", async (t) => {
  createMock(ChatService, { test: t }).add("say", () => ({}));
  createMock({ name: "Clocked", test: t }).add("tick", () => {});
  fakeClock({ test: t });
  await serveMock(createMock(ChatService, { test: t }));
});

test("passes: the next test has a clock of its own", (t) => {
  fakeClock({ test: t });
});

test("passes: a served mock is closed", async (t) => {
  const mock = createMock(ChatService, { test: t });
  await serveMock(mock);
});
`;

/** Mocks that a hook makes for each test. */
const hooks = `
describe("beforeEach", () => {
  let mock;
  beforeEach((t) => {
    mock = createMock(ChatService, { test: t });
    mock.add("say", () => ({}));
  });
  test("passes: with a mock of a hook", () => mock.client().say({}));
  test("fails: with a mock of a hook", () => {});
  test("passes: with the next one", () => mock.client().say({}));
});
`;

const concurrent = `
for (const i of [1, 2, 3, 4]) {
  test.concurrent(i % 2 ? "passes: concurrent " + i : "fails: concurrent " + i, async (t) => {
    const mock = createMock(ChatService, { test: t });
    mock.add("say", () => ({}));
    await new Promise((resolve) => setImmediate(resolve));
    if (i % 2) await mock.client().say({});
  });
}
`;

const imports = `
import assert from "node:assert/strict";
import { createMock } from "connect-clue/mock";
import { serveMock } from "connect-clue/mock-server";
import { fakeClock } from "connect-clue/fake-clock";
import { ChatService } from "${new URL("../../dist/examples/chat/gen/chat/v1/chat_pb.js", import.meta.url)}";
`;

const reasons = [
  "not called: say, added at",
  'unexpected call of say({"text":"hi"})',
  "say threw AssertionError",
  'mock of Orders: unexpected call of find("a")',
  "a reason of its own",
  "mock of Clocked: not called: tick",
];

describe("{ test: t }", () => {
  it("lets tests of Vitest fail that swallow an error, and those only", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "vitest.config.mjs": "export default {};",
      "suite.test.mjs": `import { beforeEach, describe, test } from "vitest";${imports}${suite}${hooks}${concurrent}`,
    });
    const vitest = join(createRequire(import.meta.url).resolve("vitest/package.json"), "../vitest.mjs");
    const command: [string, string] = [process.execPath, vitest];
    const { stdout, stderr } = await cli(["run", "--reporter=json", "--root", folder], {
      cwd: folder,
      command,
    });
    const { testResults } = JSON.parse(stdout) as VitestReport;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(results.length, stderr).toBe(16);
    expectAsTold(results.map(({ title, status }) => [title, status === "passed"]));
    const messages = results.flatMap(({ failureMessages }) => failureMessages).join("\n");
    for (const reason of reasons) expect(messages).toContain(reason);
    expect(messages).toContain("suite.test.mjs:");
  }, 60_000);

  it("lets tests of node:test fail that swallow an error, and those only", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "suite.test.mjs": `import { beforeEach, describe, test } from "node:test";${imports}${suite}${hooks}`,
    });
    const command: [string, string] = [process.execPath, "--test"];
    const { stdout } = await cli(["--test-reporter=tap", "suite.test.mjs"], { cwd: folder, command });
    const results = [...stdout.matchAll(/^ *(not )?ok \d+ - ((?:passes|fails): .*)$/gm)];
    expect(results.length, stdout).toBe(12);
    expectAsTold(results.map(([, not, title = ""]) => [title, not === undefined]));
    for (const reason of reasons) expect(stdout).toContain(reason);
  }, 60_000);

  it("acts once when the test ends, with either context: the latest first, and each whatever the others do", async () => {
    for (const name of ["onTestFinished", "after"]) {
      const acts: (() => void | Promise<void>)[] = [];
      const test = { [name]: (act: () => void) => acts.push(act) } as unknown as TestContext;
      createMock(ChatService, { test }).add("say");
      createMock<{ find(): void }>({ name: "Orders", test }).add("find", () => {});
      expect(acts.length).toBe(1);
      expect(await problemOf(() => acts[0]?.())).toBe(
        'AggregateError: mock of Orders: not called: find, added at <add("find")>\n\n' +
          'mock of chat.v1.ChatService: not called: say, added at <add("say")>',
      );
    }
  });

  it("refuses what is no context of a test", async () => {
    const error = await thrownBy(() => createMock(ChatService, { test: it as unknown as TestContext }));
    expect(error).toEqual(
      new TypeError(
        'test: expected the context that Vitest or node:test hands to a test, as in test("…", (t) => …), got a function',
      ),
    );
  });
});

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** A folder in which the kit's package is found by its name. */
function temporaryFolder(): string {
  mkdirSync(join(root, ".report"), { recursive: true });
  const folder = mkdtempSync(join(root, ".report/mock-tests-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Each test says in its name what becomes of it. */
function expectAsTold(results: readonly (readonly [title: string, passed: boolean])[]): void {
  for (const [title, passed] of results) expect([title, passed]).toEqual([title, title.startsWith("passes")]);
}
