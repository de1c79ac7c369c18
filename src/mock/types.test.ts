import { create, type DescService, type Message } from "@bufbuild/protobuf";
import type { Client, Transport } from "@connectrpc/connect";
import {
  createMock,
  delay,
  fail,
  type MockHandler,
  type MockOptions,
  never,
  type ObjectMock,
  type RecordedCall,
  type Script,
  ServiceMock,
  stream,
  type TestContext,
} from "connect-clue/mock";
import { describe, expectTypeOf, it, type TestContext as VitestContext } from "vitest";
import {
  type ChatRequest,
  ChatService,
  CountdownResponseSchema,
  type SayRequest,
  type SayResponse,
  SayResponseSchema,
} from "../../examples/chat/gen/chat/v1/chat_pb.js";

/*
 * What TypeScript makes of mocks where users write them. Nothing in here is called: `tsc` is the test, and an error that is
 * expected but does not come is an error, too.
 */

type Chat = typeof ChatService;

const mock = createMock(ChatService);

describe("a mock of a service", () => {
  it("knows the service's methods", () => {
    expectTypeOf(createMock(ChatService)).toEqualTypeOf<ServiceMock<Chat>>();
    expectTypeOf(mock.add<"say">)
      .parameter(0)
      .toEqualTypeOf<"say">();
    return () => {
      // @ts-expect-error there is no such method
      mock.add("shout", () => ({}));
      // @ts-expect-error names are those of TypeScript
      mock.set("Say", () => ({}));
      // @ts-expect-error there is no such method
      mock.calls("shout");
      // @ts-expect-error there is no such method
      mock.next("shout");
      // @ts-expect-error there is no such option
      createMock(ChatService, { name: "chat" });
    };
  });

  it("knows what handlers take and give", () => {
    return () => {
      mock.add("say", (request, context) => {
        expectTypeOf(request).toEqualTypeOf<SayRequest>();
        expectTypeOf(context.requestHeader).toEqualTypeOf<Headers>();
        return create(SayResponseSchema, { text: request.text });
      });
      mock.set("chat", async function* (requests) {
        expectTypeOf(requests).toEqualTypeOf<AsyncIterable<ChatRequest>>();
        yield { text: "hi" };
      });
      // @ts-expect-error the answer has no such field
      mock.add("say", () => ({ txt: "hi" }));
      // @ts-expect-error the field is a text
      mock.add("say", () => ({ text: 1 }));
      // @ts-expect-error the request has no such field
      mock.add("say", ({ txt }) => ({ text: txt }));
      // @ts-expect-error it answers with a stream
      mock.add("countdown", () => ({ n: 1 }));
      // @ts-expect-error it answers with one message
      mock.add("say", stream([{ text: "hi" }]));
    };
  });

  it("takes scripted streams of its messages", () => {
    return () => {
      mock.add("countdown", stream([{ n: 1 }, delay(1), fail(new Error("x"))]));
      mock.add("countdown", stream([{ n: 1 }, never()]));
      mock.add("countdown", stream([never()]));
      mock.add("countdown", stream([]));
      mock.add("chat", stream([{ text: "hi" }]));
      // @ts-expect-error the message has no such field
      mock.add("countdown", stream([{ m: 1 }]));
      // @ts-expect-error the field is a number
      mock.add("countdown", stream([{ n: "1" }]));
      const alone = stream([{ n: 1 }, delay(1)]);
      mock.add("countdown", alone);
      mock.add("countdown", stream(Array.from([2, 1], (n) => ({ n }))));
      mock.add("countdown", stream([...[{ n: 2 }], create(CountdownResponseSchema), { n: 1 }]));
      // @ts-expect-error the message has no such field
      mock.add("countdown", stream([{ n: 1, typo: 2 }]));
      // @ts-expect-error the message has no such field
      mock.add("countdown", stream([{ n: 1 }, { typo: 2 }]));
      // @ts-expect-error that is a function that makes a step, and no step
      mock.add("countdown", stream([never]));
    };
  });

  it("gives what a call would take, and calls with their messages", () => {
    return async () => {
      expectTypeOf(mock.next("say")).toEqualTypeOf<MockHandler<Chat["method"]["say"]>>();
      expectTypeOf(mock.calls("say")).toEqualTypeOf<RecordedCall<Chat["method"]["say"]>[]>();
      expectTypeOf(mock.calls("say")[0]?.requests).toEqualTypeOf<readonly SayRequest[] | undefined>();
      expectTypeOf((await mock.called("say")).responses).toEqualTypeOf<readonly SayResponse[]>();
      for (const { events } of mock.calls("chat")) {
        for (const event of events) {
          if (event.type === "received") expectTypeOf(event.message).toEqualTypeOf<ChatRequest>();
        }
      }
      expectTypeOf(mock.client()).toEqualTypeOf<Client<Chat>>();
      expectTypeOf(mock.transport()).toEqualTypeOf<Transport>();
    };
  });
});

describe("scripts", () => {
  it("are of the method's kind", () => {
    return () => {
      expectTypeOf(mock.add("say")).toEqualTypeOf<Script<Chat["method"]["say"]>>();
      mock.add("say").expect({ text: "hi" }).delay(1).header("a", "b").send({ text: "hello" });
      mock.add("upload").expect().expectEnd().trailer("a", "b").send({ count: 1 });
      mock.add("countdown").send({ n: 1 }).delay(1).send({ n: 0 }).never();
      mock
        .set("chat")
        .send({})
        .expect(({ text }) => text === "")
        .send({})
        .expectEnd()
        .send({})
        .fail(new Error("x"));
    };
  });

  it("take the method's messages", () => {
    return () => {
      // @ts-expect-error the request has no such field
      mock.add("say").expect({ txt: "hi" });
      // @ts-expect-error the field is a text
      mock.add("chat").expect({ text: 1 });
      // @ts-expect-error the answer has no such field
      mock.add("upload").expectEnd().send({ text: "hi" });
      // @ts-expect-error the request has no such field
      mock.add("chat").expect(({ from }) => from === 1);
      mock.add("chat").expect(({ text }) => {
        if (text === "") throw new Error("empty");
      });
      // @ts-expect-error it says what matches, not whether
      mock.add("chat").expect(({ text }) => text.match(/bye/));
      // @ts-expect-error it says what was found, not whether
      mock.add("chat").expect(({ text }) => ["bye"].find((each) => each === text));
      // @ts-expect-error it answers later
      mock.add("chat").expect(async ({ text }) => text === "bye");
      // @ts-expect-error that is the answer's type
      mock.add("say").expect(create(SayResponseSchema));
      // @ts-expect-error errors only
      mock.add("say").fail("no");
    };
  });

  it("have an order, which depends on the kind", () => {
    return () => {
      // @ts-expect-error there is one answer
      mock.add("say").send({}).send({});
      // @ts-expect-error there is one request
      mock.add("say").expect().expect();
      // @ts-expect-error the request comes before the answer
      mock.add("say").delay(1).expect();
      // @ts-expect-error one request is no stream
      mock.add("say").expectEnd();
      // @ts-expect-error one request is no stream
      mock.add("countdown").expect().expectEnd();
      // @ts-expect-error the request comes first
      mock.add("countdown").send({}).expect();
      // @ts-expect-error nothing comes after the end
      mock.add("upload").expectEnd().expect();
      // @ts-expect-error there is one answer
      mock.add("upload").send({}).expect();
      // @ts-expect-error nothing comes after the end
      mock.add("chat").expectEnd().send({}).expect();
      // @ts-expect-error nothing can follow
      mock.add("chat").never().send({});
      // @ts-expect-error nothing can follow
      mock.add("chat").fail(new Error("x")).send({});
    };
  });
});

describe("a class of one's own", () => {
  it("has typed methods, as generated ones", () => {
    class ChatMock extends ServiceMock<Chat> {
      constructor(options?: MockOptions) {
        super(ChatService, options);
      }
      addSay(): Script<Chat["method"]["say"]>;
      addSay(handler: MockHandler<Chat["method"]["say"]>): this;
      addSay(handler?: MockHandler<Chat["method"]["say"]>): Script<Chat["method"]["say"]> | this {
        return handler === undefined ? this.add("say") : this.add("say", handler);
      }
    }
    return (own: ChatMock) => {
      expectTypeOf(own.addSay(() => ({}))).toEqualTypeOf<ChatMock>();
      own.addSay().expect({ text: "hi" }).send({ text: "hello" });
      // @ts-expect-error the answer has no such field
      own.addSay().send({ txt: "hi" });
    };
  });
});

describe("a service that is not generated", () => {
  it("has methods of any name, and handlers of any kind", () => {
    return (service: DescService) => {
      const loose = createMock(service);
      expectTypeOf(loose).toEqualTypeOf<ServiceMock<DescService>>();
      loose.add("anything", () => ({}));
      loose.add("anything", (request: Message) => ({ name: request.$typeName }));
      loose.add("anything", async function* (requests: AsyncIterable<Message>) {
        for await (const _ of requests) yield {};
      });
      loose.set("anything", stream([{ n: 1 }]));
      loose.add("anything").expect({ text: "hi" }).send({ text: "hello" }).expectEnd();
      // @ts-expect-error no handler
      loose.add("anything", "handler");
      expectTypeOf(loose.calls()).toEqualTypeOf<RecordedCall[]>();
    };
  });
});

describe("a mock of an interface", () => {
  interface Orders {
    find(id: string): Promise<{ readonly total: number }>;
    close?(): void;
    readonly size: number;
  }

  it("knows the methods, and those only", () => {
    return (orders: ObjectMock<Orders>) => {
      expectTypeOf(createMock<Orders>({ name: "Orders" })).toEqualTypeOf<ObjectMock<Orders>>();
      expectTypeOf(orders.object).toEqualTypeOf<Orders>();
      expectTypeOf(orders.next("find")).toEqualTypeOf<Orders["find"]>();
      expectTypeOf(orders.calls("find")[0]?.args).toEqualTypeOf<[id: string] | undefined>();
      expectTypeOf(orders.add<"find" | "close">)
        .parameter(0)
        .toEqualTypeOf<"find" | "close">();
      orders.add("find", async (id) => ({ total: id.length })).set("close", () => {});
      // @ts-expect-error that is no method
      orders.add("size", () => 1);
      // @ts-expect-error there is no such method
      orders.add("fnd", async () => ({ total: 1 }));
      // @ts-expect-error that is not what it returns
      orders.add("find", async () => ({ total: "1" }));
      // @ts-expect-error it takes a text
      orders.set("find", async (id: number) => ({ total: id }));
      // @ts-expect-error a handler it must have: an interface has no scripts
      orders.add("find");
      // @ts-expect-error there is no such option
      createMock<Orders>({ title: "Orders" });
    };
  });
});

describe("the context of a test", () => {
  it("is that of Vitest, or that of node:test", () => {
    expectTypeOf<VitestContext>().toExtend<TestContext>();
    expectTypeOf<import("node:test").TestContext>().toExtend<TestContext>();
    // @ts-expect-error neither
    expectTypeOf<{ readonly name: string }>().toExtend<TestContext>();
  });
});
