import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, it } from "vitest";
import { type CallSummarySchema, CallSummary_Kind as Kind, Side } from "../../gen/clue/debug/v1/debug_pb.js";
import { cli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

const stuck: MessageInitShape<typeof CallSummarySchema> = {
  id: 7n,
  method: "chat.v1.ChatService/Chat",
  kind: Kind.BIDI_STREAMING,
  side: Side.SERVER,
  startedAt: timestampFromMs(Date.parse("2026-11-21T10:43:01.5Z")),
  age: durationFromMs(245_000),
  peer: "127.0.0.1:50123",
  protocol: "grpc",
  requestId: "nSoV\u001b[2J",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  received: 12n,
  sent: 3n,
  sinceLastMessage: durationFromMs(61_000),
  linesBuffered: 5,
  clientGone: true,
};
const young: MessageInitShape<typeof CallSummarySchema> = {
  id: 101n,
  method: "rooms.v1.RoomService/Get",
  kind: Kind.UNARY,
  side: Side.CLIENT,
  age: durationFromMs(12),
};

it("lists calls as a table", async () => {
  const { url, requests } = await startFake({ debug: { listCalls: () => ({ calls: [stuck, young] }) } });
  expect(await cli(["calls", "--addr", url])).toEqual({
    exit: 0,
    stdout: `\
 ID  METHOD                    KIND         SIDE      AGE  QUIET FOR  IN  OUT  LINES HELD  PEER             REQUEST ID     NOTE
  7  chat.v1.ChatService/Chat  bidi stream  server  4m05s      1m01s  12    3           5  127.0.0.1:50123  nSoV\\u001b[2J  client gone, handler still running
101  rooms.v1.RoomService/Get  unary        client   12ms              0    0           0
`,
    stderr: "",
  });
  expect(requests[0]?.message).toEqual({
    $typeName: "clue.debug.v1.ListCallsRequest",
    pageSize: 1000,
    pageToken: "",
    method: "",
    side: Side.SIDE_UNSPECIFIED,
  });
});

it("reads page by page, a line of JSON for each call", async () => {
  const { url, requests } = await startFake({
    debug: {
      listCalls: ({ pageToken }) =>
        pageToken === "" ? { calls: [stuck], nextPageToken: "after 7" } : { calls: [young] },
    },
  });
  const filters = ["--method", "chat.*", "--min-age", "10s", "--side", "server"];
  expect(await cli(["calls", "--json", ...filters, "--addr", url])).toEqual({
    exit: 0,
    stdout: [
      '{"id":"7","method":"chat.v1.ChatService/Chat","kind":"BIDI_STREAMING","side":"SERVER",' +
        '"startedAt":"2026-11-21T10:43:01.500Z","age":"245s","peer":"127.0.0.1:50123","protocol":"grpc",' +
        '"requestId":"nSoV\\u001b[2J","traceId":"0af7651916cd43dd8448eb211c80319c","received":"12","sent":"3",' +
        '"sinceLastMessage":"61s","linesBuffered":5,"clientGone":true}',
      '{"id":"101","method":"rooms.v1.RoomService/Get","kind":"UNARY","side":"CLIENT","age":"0.012s","peer":"",' +
        '"protocol":"","requestId":"","traceId":"","received":"0","sent":"0","linesBuffered":0,"clientGone":false}',
      "",
    ].join("\n"),
    stderr: "",
  });
  const filter = { method: "chat.*", minAge: { seconds: 10n, nanos: 0 }, side: Side.SERVER, pageSize: 1000 };
  expect(requests.map(({ message }) => message)).toMatchObject([
    { ...filter, pageToken: "" },
    { ...filter, pageToken: "after 7" },
  ]);
});

it("says when there are none", async () => {
  const { url } = await startFake({ debug: { listCalls: () => ({}) } });
  expect(await cli(["calls", "--addr", url])).toEqual({
    exit: 0,
    stdout: "No calls in flight.\n",
    stderr: "",
  });
  expect(await cli(["calls", "--json", "--addr", url])).toEqual({ exit: 0, stdout: "", stderr: "" });
});

it("refuses a side that there is not", async () => {
  expect(await cli(["calls", "--side", "left"])).toEqual({
    exit: 2,
    stdout: "",
    stderr:
      "connect-clue: option '--side <side>' argument 'left' is invalid. Allowed choices are server, client.\n",
  });
});
