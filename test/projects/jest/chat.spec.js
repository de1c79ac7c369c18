import { Code, ConnectError } from "@connectrpc/connect";
import { logger, serverInterceptor } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { createMock } from "connect-clue/mock";
import { testCall, testLogger } from "connect-clue/testing";
import { testMetrics, testSpans } from "connect-clue/testing-telemetry";
import { ChatService } from "./gen/chat/v1/chat_pb.js";

test("a handler behind the interceptors has its log, its spans and its metrics", async () => {
  const log = testLogger();
  const spans = testSpans();
  const metrics = testMetrics();
  const options = { logger: log, trace: spans.options, metrics: metrics.options };
  const say = (_, context) => {
    logger(context).info("saying");
    throw new ConnectError("not here", Code.NotFound);
  };
  const interceptors = [serverInterceptor(options)];
  const call = testCall(ChatService.method.say, say, { interceptors, request: { text: "hi" } });
  expect((await call.error)?.code).toBe(Code.NotFound);
  expect(log.lines().map(({ level, msg }) => `${level} ${msg}`)).toEqual([
    "info start",
    "info saying",
    "warn end",
  ]);
  await spans.ended(1);
  expect(spans.tree()).toBe("chat.v1.ChatService/Say (server)"); // not found is no error of the server
  expect(Object.keys(await metrics.collect())).toContain("rpc.server.call.duration");
});

test("a mock keeps to its script", async () => {
  const mock = createMock(ChatService);
  mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
  async function* requests() {
    yield { text: "hi" };
  }
  const answers = [];
  for await (const { text } of mock.client().chat(requests())) answers.push(text);
  expect(answers).toEqual(["hello"]);
  mock.verify();
});

test("a mock fails what is not expected", async () => {
  const mock = createMock(ChatService);
  const error = await mock
    .client()
    .say({ text: "hi" })
    .catch((reason) => reason);
  expect(error.code).toBe(Code.Internal);
  expect(() => mock.verify()).toThrow(/unexpected call of say/);
});

test("the clock is the test's", async () => {
  const clock = fakeClock();
  const before = Date.now();
  const call = testCall(ChatService.method.say, () => new Promise(() => {}), {
    request: {},
    timeoutMs: 1000,
  });
  await clock.advance(1000);
  expect((await call.error)?.code).toBe(Code.DeadlineExceeded);
  expect(Date.now()).toBe(before + 1000);
  clock.restore();
  expect("isFake" in Date).toBe(false);
});
