import { once } from "node:events";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Severity, type TailLogsResponseSchema } from "../../gen/clue/debug/v1/debug_pb.js";
import { says } from "../../test/support/chat-process.js";
import { cli, startCli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

type Event = MessageInitShape<typeof TailLogsResponseSchema>;

const time = timestampFromMs(Date.parse("2026-11-21T10:43:01.123Z"));
const info: Event = {
  event: {
    case: "line",
    value: { time, severity: Severity.INFO, message: "saying hi", fields: { to: "bob", n: 3 }, callId: 7n },
  },
};
const hostile: Event = {
  event: {
    case: "line",
    value: {
      time,
      severity: Severity.ERROR,
      message: "\u001b]0;owned\u0007\r\ntwo",
      fields: { "a b\u001b": 'say "\u009b2J"', list: [1, "\u202e", { deep: null }] },
      buffered: true,
    },
  },
};
const lost = (lines: bigint): Event => ({ event: { case: "lost", value: lines } });

/** A server that streams these, and goes on until the viewer leaves. */
async function tailing(...events: Event[]) {
  let left: (code: Code) => void = () => {};
  const viewerLeft = new Promise<Code>((resolve) => {
    left = resolve;
  });
  const server = await startFake({
    debug: {
      async *tailLogs(_, { signal }) {
        const aborted = once(signal, "abort");
        void aborted.then(() => left(ConnectError.from(signal.reason).code));
        yield* events;
        await aborted;
      },
    },
  });
  return { ...server, viewerLeft };
}

describe("tail", () => {
  it("writes lines as they come, tells what is lost, and leaves at Ctrl-C", async () => {
    const { url, requests, viewerLeft } = await tailing(info, lost(1n), hostile, lost(20n));
    const program = startCli(["tail", "--addr", url]);
    await says(program, "stderr", /20 lines/);
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(130);
    expect(await viewerLeft).toBe(Code.Canceled);
    expect(program.stdout).toBe(
      [
        "10:43:01.123Z INFO  #7 saying hi to=bob n=3",
        '10:43:01.123Z ERROR \\u001b]0;owned\\u0007\\r\\ntwo a_b_="say \\"\\u009b2J\\"" list="[1,\\"\\u202e\\",{\\"deep\\":null}]" (held back)',
        "",
      ].join("\n"),
    );
    expect(program.stderr).toBe(
      "connect-clue: 1 line was lost here, as this side did not keep up\n" +
        "connect-clue: 20 lines were lost here, as this side did not keep up\n",
    );
    expect(requests[0]?.message).toEqual({
      $typeName: "clue.debug.v1.TailLogsRequest",
      severity: Severity.SEVERITY_UNSPECIFIED,
      method: "",
      includeBuffered: false,
    });
  });

  it("writes a line of JSON for each, until the time is up", async () => {
    const { url, requests, viewerLeft } = await tailing(info, lost(2n), hostile);
    const filters = ["--severity", "warn", "--method", "chat.*", "--include-buffered"];
    const result = await cli(["tail", ...filters, "--json", "--timeout", "1s", "--addr", url]);
    expect(await viewerLeft).toBe(Code.Canceled);
    expect(result).toEqual({
      exit: 0,
      stdout: [
        '{"time":"2026-11-21T10:43:01.123Z","severity":"INFO","message":"saying hi","fields":{"to":"bob","n":3},"callId":"7",' +
          '"buffered":false}',
        '{"time":"2026-11-21T10:43:01.123Z","severity":"ERROR","message":"\\u001b]0;owned\\u0007\\r\\ntwo",' +
          '"fields":{"a b\\u001b":"say \\"\\u009b2J\\"","list":[1,"\\u202e",{"deep":null}]},"callId":"0","buffered":true}',
        "",
      ].join("\n"),
      stderr: "connect-clue: 2 lines were lost here, as this side did not keep up\n",
    });
    expect(requests[0]?.message).toMatchObject({
      severity: Severity.WARN,
      method: "chat.*",
      includeBuffered: true,
    });
  });

  it("ends quietly when nobody reads any more", async () => {
    const { url, viewerLeft } = await tailing(...Array.from({ length: 10_000 }, () => info));
    const program = startCli(["tail", "--addr", url]);
    program.child.stdout?.once("data", () => program.child.stdout?.destroy());
    expect(await program.ended).toBe(0);
    await viewerLeft;
    expect(program.stderr).toBe("");
  });

  it("ends with 143 at SIGTERM", async () => {
    const { url, viewerLeft } = await tailing(info);
    const program = startCli(["tail", "--addr", url]);
    await says(program, "stdout", /saying hi/);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(143);
    expect(await viewerLeft).toBe(Code.Canceled);
  });

  it.each(["1.1", "2"] as const)("ends with 3 when the server goes away, over HTTP/%s", async (http) => {
    const { url, destroy } = await startFake({
      http,
      debug: {
        async *tailLogs(_, { signal }) {
          yield info;
          await once(signal, "abort");
        },
      },
    });
    const program = startCli(["tail", "--addr", url]);
    await says(program, "stdout", /saying hi/);
    await destroy();
    expect(await program.ended).toBe(3);
    expect(program.stderr).toMatch(new RegExp(`^connect-clue: the connection to ${url} broke: [^\\n]+\\n$`));
  });

  it("ends with 3 when the server ends it", async () => {
    const { url } = await startFake({ debug: { async *tailLogs() {} } });
    expect(await cli(["tail", "--addr", url])).toEqual({
      exit: 3,
      stdout: "",
      stderr: "connect-clue: the server has ended the stream\n",
    });
  });
});
