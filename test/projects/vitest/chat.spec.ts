import { Code, ConnectError } from "@connectrpc/connect";
import { logger, serverInterceptor } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { createMock } from "connect-clue/mock";
import { testCall, testLogger } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import type {} from "connect-clue/vitest";
import { expect, test } from "vitest";
import { ChatService } from "./gen/chat/v1/chat_pb.js";

test("the matchers see log entries and spans", async () => {
  const log = testLogger();
  const spans = testSpans();
  const interceptors = [serverInterceptor({ logger: log, trace: spans.options })];
  const call = testCall(
    ChatService.method.say,
    (_, context) => {
      logger(context).info("saying");
      throw new ConnectError("not here", Code.NotFound);
    },
    { interceptors, request: { text: "hi" } },
  );
  expect((await call.error)?.code).toBe(Code.NotFound);
  expect(log).toHaveLogged({ message: "saying" });
  expect(log).toHaveLogged({
    severity: "warn",
    fields: { "rpc.code": "not_found", "rpc.sent": expect.any(Number) },
  });
  expect(log).not.toHaveLogged("other");
  expect(spans).toHaveSpan({ name: "chat.v1.ChatService/Say", kind: "server", parent: null });
  expect(() => expect(log).toHaveLogged("other")).toThrow(/All there is:\n\n.*saying/s);
});

test("a mock keeps to its script, and is verified at the end", async (t) => {
  const mock = createMock(ChatService, { test: t });
  mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
  async function* requests() {
    yield { text: "hi" };
  }
  const answers: string[] = [];
  for await (const { text } of mock.client().chat(requests())) answers.push(text);
  expect(answers).toEqual(["hello"]);
});

test.fails("a mock fails the test when a call is missing", (t) => {
  createMock(ChatService, { test: t }).add("say", () => ({}));
});

test("the clock is the test's", async (t) => {
  const clock = fakeClock({ test: t });
  const call = testCall(ChatService.method.say, () => new Promise<never>(() => {}), {
    request: {},
    timeoutMs: 1000,
  });
  await clock.advance(1000);
  expect((await call.error)?.code).toBe(Code.DeadlineExceeded);
});
