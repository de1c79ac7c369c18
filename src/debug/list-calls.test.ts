import { create, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import {
  type CallSummary,
  CallSummary_Kind,
  DebugService,
  ListCallsRequestSchema,
  ListCallsResponseSchema,
  Side,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { callByHand, endWith, type HandMade } from "../../test/support/hand-made-call.js";
import type { Call } from "../call/call.js";
import { durationOf } from "./durations.js";
import { listCalls } from "./list-calls.js";

const { say, upload, countdown, chat } = ChatService.method;
const calls: Call[] = [];

let clock: FakeClock;
beforeEach((t) => {
  clock = fakeClock({ now: 1_000_000, test: t });
});

afterEach(() => {
  for (const call of calls.splice(0)) {
    endWith(call, "ok");
    call.handlerDone();
  }
});

describe("listCalls", () => {
  it("tells all that is known of a call", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const spanContext = { traceId, spanId: "b7ad6b7169203331", traceFlags: TraceFlags.SAMPLED };
    const call = begin({ parent: trace.setSpanContext(ROOT_CONTEXT, spanContext), method: chat });
    call.header.set("grpc-timeout", "90S");
    call.header.set("content-type", "application/grpc+proto");
    call.received = 3;
    call.sent = 2;
    await clock.advance(1500);
    call.lastMessageAt = performance.now();
    await clock.advance(2750);
    expect(list()).toEqual([
      {
        $typeName: "clue.debug.v1.CallSummary",
        id: BigInt(call.id),
        method: "chat.v1.ChatService/Chat",
        kind: CallSummary_Kind.BIDI_STREAMING,
        side: Side.SERVER,
        startedAt: timestampFromMs(1_000_000),
        age: durationOf(4250),
        deadline: timestampFromMs(1_090_000),
        peer: "",
        protocol: "grpc",
        requestId: "",
        traceId,
        received: 3n,
        sent: 2n,
        sinceLastMessage: durationOf(2750),
        linesBuffered: 0,
        clientGone: false,
      },
    ]);
  });

  it("leaves out what is not known", () => {
    begin({ side: "client" });
    const [call] = list();
    expect(call).toMatchObject({ side: Side.CLIENT, peer: "localhost", protocol: "", traceId: "" });
    expect([call?.deadline, call?.sinceLastMessage]).toEqual([undefined, undefined]);
  });

  it("names the kinds", () => {
    for (const method of [say, upload, countdown, chat]) begin({ method });
    expect(list().map(({ kind }) => CallSummary_Kind[kind])).toEqual([
      "UNARY",
      "CLIENT_STREAMING",
      "SERVER_STREAMING",
      "BIDI_STREAMING",
    ]);
  });

  it("tells of handlers that run on without their client, in the order of their start", () => {
    const [first, second, third] = [begin(), begin(), begin()];
    endWith(second, "canceled");
    expect(list().map(({ id, clientGone }) => [id, clientGone])).toEqual([
      [BigInt(first.id), false],
      [BigInt(second.id), true],
      [BigInt(third.id), false],
    ]);
    second.handlerDone();
    endWith(third, "ok");
    expect(ids()).toEqual([first.id]);
  });

  it("leaves the debug service's own calls out", () => {
    begin({ method: DebugService.method.tailLogs });
    begin({ method: DebugService.method.listCalls, side: "client" });
    expect(list()).toEqual([]);
  });

  it("can always be written, whatever timeout a client asks for", () => {
    begin().header.set("grpc-timeout", "99999999H");
    const [call] = Object(toJson(ListCallsResponseSchema, listCalls(create(ListCallsRequestSchema)))).calls;
    expect(call.deadline).toBe("9999-12-31T23:59:59.999Z");
  });

  it.each<[what: string, request: Request, expected: readonly number[]]>([
    ["nothing", {}, [0, 1, 2, 3]],
    ["a method", { method: "chat.v1.ChatService/Chat" }, [2]],
    ["a glob", { method: "chat.*/*t*" }, [2, 3]],
    ["no method", { method: "shop.*" }, []],
    ["the server's side", { side: Side.SERVER }, [0, 2, 3]],
    ["the client's side", { side: Side.CLIENT }, [1]],
    ["an age", { minAge: durationOf(2000) }, [0, 1]],
    ["an age of 0", { minAge: durationOf(0) }, [0, 1, 2, 3]],
    ["an age to the millisecond", { minAge: durationOf(1000.001) }, [0, 1]],
    ["the longest age", { minAge: { seconds: 315_576_000_000n } }, []],
    ["all of it", { method: "chat.*", side: Side.SERVER, minAge: durationOf(2000) }, [0]],
  ])("filters by %s", async (_, request, expected) => {
    const made = [begin({ method: say })];
    await clock.advance(1000);
    made.push(begin({ method: say, side: "client" }));
    await clock.advance(1000);
    made.push(begin({ method: chat }), begin({ method: countdown }));
    await clock.advance(1000);
    expect(ids(request)).toEqual(expected.map((index) => made[index]?.id));
  });

  it("filters calls by age at the boundary", async () => {
    begin();
    await clock.advance(2000);
    expect(list({ minAge: durationOf(2000) })).toHaveLength(1);
    expect(list({ minAge: durationOf(2000.001) })).toHaveLength(0);
  });

  it.each<[request: Request, message: string]>([
    [{ minAge: { seconds: -1n } }, "min_age: expected more than 0s and at most 315576000000s, got -1s"],
    [
      { minAge: { nanos: -500_000_000 } },
      "min_age: expected more than 0s and at most 315576000000s, got -0.5s",
    ],
    [
      { minAge: { seconds: 2n ** 62n } },
      "min_age: expected more than 0s and at most 315576000000s, got 4611686018427388000s",
    ],
    [{ side: 7 as Side }, "side: expected SERVER or CLIENT, got 7"],
    [{ pageToken: "?" }, 'page_token: expected next_page_token of an answer, got "?"'],
    [{ pageToken: "MA" }, 'page_token: expected next_page_token of an answer, got "MA"'],
    [
      { pageToken: "1".repeat(40) },
      `page_token: expected next_page_token of an answer, got "${"1".repeat(32)}…[cut from 40]"`,
    ],
  ])("refuses request %#", (request, message) => {
    expect(() => list(request)).toThrow(new ConnectError(message, Code.InvalidArgument));
  });
});

describe("the pages of listCalls", () => {
  it("have every call once, also when calls come and go in between", () => {
    const made = Array.from({ length: 7 }, () => begin());
    const first = page({ pageSize: 3 });
    expect(first.ids).toEqual(made.slice(0, 3).map(({ id }) => id));
    endWith(made[2] as Call, "ok");
    endWith(made[3] as Call, "ok");
    const late = begin();
    const second = page({ pageSize: 3, pageToken: first.next });
    expect(second.ids).toEqual(made.slice(4, 7).map(({ id }) => id));
    const third = page({ pageSize: 3, pageToken: second.next });
    expect(third).toEqual({ ids: [late.id], next: "" });
  });

  it("end without an empty one", () => {
    const made = Array.from({ length: 4 }, () => begin());
    const { next } = page({ pageSize: 2 });
    expect(page({ pageSize: 2, pageToken: next })).toEqual({
      ids: made.slice(2).map(({ id }) => id),
      next: "",
    });
  });

  it("have 100 calls unless told, and never more than 1000", () => {
    for (let n = 0; n < 1001; n++) begin();
    expect(page({}).ids).toHaveLength(100);
    expect(page({ pageSize: 1001 }).ids).toHaveLength(1000);
    expect(page({ pageSize: 4_294_967_295 }).ids).toHaveLength(1000);
  });

  it("are of the calls that the filter lets pass", () => {
    for (let n = 0; n < 3; n++) begin({ method: say });
    const streams = Array.from({ length: 3 }, () => begin({ method: chat }));
    const first = page({ pageSize: 2, method: "*/Chat" });
    const second = page({ pageSize: 2, method: "*/Chat", pageToken: first.next });
    expect([...first.ids, ...second.ids]).toEqual(streams.map(({ id }) => id));
    expect(second.next).toBe("");
  });
});

type Request = MessageInitShape<typeof ListCallsRequestSchema>;

function begin(made?: HandMade): Call {
  const call = callByHand(made);
  calls.push(call);
  return call;
}

function list(request: Request = {}): CallSummary[] {
  return listCalls(create(ListCallsRequestSchema, request)).calls;
}

function ids(request: Request = {}): number[] {
  return list(request).map(({ id }) => Number(id));
}

function page(request: Request): { readonly ids: readonly number[]; readonly next: string } {
  const { calls: listed, nextPageToken } = listCalls(create(ListCallsRequestSchema, request));
  return { ids: listed.map(({ id }) => Number(id)), next: nextPageToken };
}
