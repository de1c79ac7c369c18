import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { credentials, Client as GrpcJsClient, type ServiceError, status } from "@grpc/grpc-js";
import { serverInterceptor } from "connect-clue";
import { createMock } from "connect-clue/mock";
import { type ServeMockOptions, serveMock } from "connect-clue/mock-server";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";
import { gate } from "../../test/support/gate.js";
import { type ClientWay, chatClient } from "../../test/support/node-server.js";
import { problemOf, thrownBy } from "../../test/support/problems.js";
import { Recorder } from "../../test/support/recorder.js";

describe("a served mock", () => {
  const ways: ClientWay[] = ["gRPC", "gRPC-Web", "Connect over HTTP/2", "Connect over HTTP/1.1"];

  it.each(ways)("answers Connect's clients: %s", async (way) => {
    await withMock(async (mock, url) => {
      mock.add("say").expect({ text: "hi" }).header("x-a", "1").send({ text: "hello" });
      mock.add("upload").expect({ text: "a" }).expect({ text: "b" }).expectEnd().send({ count: 2 });
      mock.add("countdown").expect({ from: 1 }).send({ n: 1 }).send({ n: 0 });
      const client = chatClient(url, way);
      const seen: (string | null)[] = [];
      const onHeader = (header: Headers) => seen.push(header.get("x-a"));
      expect((await client.say({ text: "hi" }, { onHeader })).text).toBe("hello");
      expect(seen).toEqual(["1"]);
      expect((await client.upload(requests({ text: "a" }, { text: "b" }))).count).toBe(2);
      expect((await collect(client.countdown({ from: 1 }))).map(({ n }) => n)).toEqual([1, 0]);
      // HTTP/1.1 has no bidi streams.
      if (way !== "Connect over HTTP/1.1") {
        mock.add("chat").expect({ text: "hi" }).expectEnd().send({ text: "bye" });
        expect((await collect(client.chat(requests({ text: "hi" })))).map(({ text }) => text)).toEqual([
          "bye",
        ]);
      }
      mock.verify();

      mock.add("say");
      expect(await problemOf(() => client.upload(requests({ text: "a" })))).toBe(
        "ConnectError: [internal] mock of chat.v1.ChatService: unexpected call of upload(…)" +
          '\n  expected next: say, added at <add("say")>',
      );
    });
  });

  it("answers clients that know nothing of Connect, all kinds", async () => {
    await withMock(async (mock, url) => {
      mock.add("say").expect({ text: "hi" }).send({ text: "hello" });
      mock.add("upload").expect({ text: "a" }).expect({ text: "b" }).expectEnd().send({ count: 2 });
      mock.add("countdown").send({ n: 1 }).send({ n: 0 });
      mock.add("chat").expect({ text: "hi" }).send({ text: "hello" }).expect({ text: "bye" }).expectEnd();
      const { say, upload, countdown, chat } = ChatService.method;
      const client = grpcJs(url);
      expect(await client.ask(say, { text: "hi" })).toMatchObject([{ text: "hello" }]);
      expect(await client.ask(upload, { text: "a" }, { text: "b" })).toMatchObject([{ count: 2 }]);
      expect(await client.ask(countdown, { from: 1 })).toMatchObject([{ n: 1 }, { n: 0 }]);
      expect(await client.ask(chat, { text: "hi" }, { text: "bye" })).toMatchObject([{ text: "hello" }]);
      mock.verify();

      const error = (await thrownBy(() => client.ask(say, { text: "again" }))) as ServiceError;
      // Connect encodes more characters than grpc-js decodes.
      expect([error.code, decodeURIComponent(error.details)]).toEqual([
        status.INTERNAL,
        'mock of chat.v1.ChatService: unexpected call of say({"text":"again"})' +
          '\n  nothing more was expected: add("say", …) answers one more call, set("say", …) all of them',
      ]);
    });
  });

  it("cannot tell over HTTP/2 a client that cancels from one that has said all, and says so", async () => {
    await withMock(async (mock, url) => {
      mock.add("chat").send({ text: "hello" }).expect({ text: "bye" });
      const controller = new AbortController();
      const said = requests(new Promise<never>(() => {}));
      const answers = chatClient(url, "gRPC").chat(said, { signal: controller.signal });
      await thrownBy(async () => {
        for await (const _ of answers) controller.abort();
      });
      await mock.calls("chat")[0]?.ended;
      expect(await problemOf(() => mock.verify())).toBe(
        'MockError: mock of chat.v1.ChatService: unexpected message: chat, step 2 of 2, added at <add("chat")>: expect {"text":"bye"}' +
          "\n  received: the end of the requests (or its client has cancelled: over HTTP/2 that looks the same)" +
          '\n  before:\n    → {"text":"hello"}',
      );
    });
  });

  it("has the interceptors that it is given", async () => {
    const recorder = new Recorder();
    const interceptors = [serverInterceptor({ log: false, trace: false, observers: [recorder.observe] })];
    await withMock(
      async (mock, url) => {
        mock.add("say").send({ text: "hello" });
        await chatClient(url, "gRPC").say({ text: "hi" });
        expect(await recorder.events()).toEqual(["receive 1", "send 1", "end ok received=1 sent=1"]);
      },
      { interceptors },
    );
  });

  it("ends what is in flight when it is closed", async () => {
    const mock = createMock(ChatService);
    mock.add("chat").send({ text: "hello" }).never();
    const served = await serveMock(mock);
    const answers = chatClient(served.url, "gRPC")
      .chat(requests(new Promise<never>(() => {})))
      [Symbol.asyncIterator]();
    expect((await answers.next()).value?.text).toBe("hello");
    await served.close();
    expect(await problemOf(() => answers.next())).toContain("ConnectError: [unavailable]");
    await mock.calls("chat")[0]?.ended;
    expect(await problemOf(() => chatClient(served.url, "gRPC").say({}))).toContain(
      "ConnectError: [unavailable]",
    );
    await served.close();
    mock.verify();
  });

  it("is closed at the end of the test, before it is verified", async () => {
    const ends: (() => void | Promise<void>)[] = [];
    const mock = createMock(ChatService, { test: { after: (act) => ends.push(act) } });
    mock.add("say").send({});
    const served = await serveMock(mock);
    expect(ends.length).toBe(1);
    expect(await problemOf(() => ends[0]?.())).toBe(
      'MockError: mock of chat.v1.ChatService: not called: say, added at <add("say")>',
    );
    expect(await problemOf(() => fetch(served.url))).toBe("TypeError: fetch failed");
  });

  it("can be served several times at once, in one sequence", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const [one, two] = [await serveMock(mock), await serveMock(mock, { host: "localhost" })];
    mock.add("say").send({ text: "first" });
    mock.add("say").send({ text: "second" });
    expect(one.port).not.toBe(two.port);
    expect((await chatClient(two.url, "gRPC").say({})).text).toBe("first");
    expect((await chatClient(one.url, "gRPC").say({})).text).toBe("second");
  });

  it("says where it is", async (t) => {
    const { url, port } = await serveMock(createMock(ChatService, { test: t }));
    expect(url).toBe(`http://127.0.0.1:${port}`);
  });

  it("refuses a port that is in use, and what it does not know", async (t) => {
    const mock = createMock(ChatService, { test: t });
    const { port } = await serveMock(mock);
    await expect(serveMock(mock, { port })).rejects.toMatchObject({ code: "EADDRINUSE", port });
    expect(await problemOf(() => serveMock(mock, { prot: 1 } as object))).toBe(
      'TypeError: serveMock: there is no option "prot"; there are port, host, interceptors',
    );
    expect(await problemOf(() => serveMock(mock, { interceptors: "x" } as object))).toBe(
      'TypeError: serveMock: interceptors: expected an array of interceptors, got "x"',
    );
    expect(await problemOf(() => serveMock(mock, { port: -1 }))).toBe(
      "TypeError: createNodeServer: port: expected a whole number from 0 to 65535, got -1",
    );
  });
});

function newMock() {
  return createMock(ChatService);
}

/** Serves a mock, and closes it after use. */
async function withMock(
  use: (mock: ReturnType<typeof newMock>, url: string) => Promise<void>,
  options?: ServeMockOptions,
): Promise<void> {
  const mock = newMock();
  const served = await serveMock(mock, options);
  onTestFinished(() => served.close());
  await use(mock, served.url);
}

/** A client by grpc-js. */
function grpcJs(url: string) {
  const client = new GrpcJsClient(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  return {
    /** Says all, and gives all answers. */
    async ask<M extends DescMethod>(
      method: M,
      ...said: MessageInitShape<M["input"]>[]
    ): Promise<MessageShape<M["output"]>[]> {
      const stream = client.makeBidiStreamRequest<MessageInitShape<M["input"]>, MessageShape<M["output"]>>(
        `/${method.parent.typeName}/${method.name}`,
        (init) => Buffer.from(toBinary(method.input, create(method.input, init))),
        (bytes) => fromBinary(method.output, bytes) as MessageShape<M["output"]>,
      );
      const answers: MessageShape<M["output"]>[] = [];
      const { opened, open } = gate<ServiceError | undefined>();
      stream.on("data", (answer) => answers.push(answer));
      stream.on("error", open);
      stream.on("end", () => open(undefined));
      for (const each of said) stream.write(each);
      stream.end();
      const error = await opened;
      if (error !== undefined) throw error;
      return answers;
    },
  };
}
