import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { FlushCallRequestSchema } from "../../gen/clue/debug/v1/debug_pb.js";
import { startDebugServer } from "../../test/support/debug-server.js";
import { gate } from "../../test/support/gate.js";
import { callByHand, endWith } from "../../test/support/hand-made-call.js";
import { logger } from "../log/index.js";
import { flushCall } from "./flush-call.js";

describe("FlushCall", () => {
  it("writes what a call holds back, once, and lets it go on holding back", async () => {
    const logged = gate();
    const end = gate();
    const server = await startDebugServer({
      chat: {
        async say(_, context) {
          logger(context).info("one");
          logger(context).warn("two");
          logged.open();
          await end.opened;
          logger(context).info("three");
          return {};
        },
      },
    });
    const said = server.chat().say({});
    await logged.opened;
    const debug = server.debug();
    const [call] = (await debug.listCalls({ method: "chat.*" })).calls;
    expect(call).toMatchObject({ linesBuffered: 2, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const id = call?.id ?? 0n;
    expect(await debug.flushCall({ id })).toMatchObject({ lines: 3 });
    expect(await debug.flushCall({ id })).toMatchObject({ lines: 0 });
    expect((await debug.listCalls({ method: "chat.*" })).calls).toMatchObject([{ id, linesBuffered: 0 }]);
    end.open();
    await said;
    expect(server.story().filter((line) => !line.includes("debug service"))).toEqual([
      "info start",
      "info one",
      "warn two",
    ]);
    await expect(debug.flushCall({ id })).rejects.toMatchObject({ code: Code.NotFound });
  });
});

describe("flushCall", () => {
  it.each([0n, 2n ** 53n, 2n ** 64n - 1n])("says of the id %s that the call may have ended", (id) => {
    expect(() => flushCall(create(FlushCallRequestSchema, { id }))).toThrow(
      new ConnectError(`no call in flight has the id ${id}: it may have ended`, Code.NotFound),
    );
  });

  it("takes calls that are not logged, and those whose client has gone", () => {
    const call = callByHand();
    const request = create(FlushCallRequestSchema, { id: BigInt(call.id) });
    expect(flushCall(request).lines).toBe(0);
    endWith(call, "canceled");
    expect(flushCall(request).lines).toBe(0);
    call.handlerDone();
    expect(() => flushCall(request)).toThrow(ConnectError);
  });
});
