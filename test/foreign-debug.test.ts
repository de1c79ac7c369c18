/** The debug service, used by a person who has nothing but buf, which is written in Go: the story of docs/debug.md. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type DescMethod, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { eachMessage, logger, payloadLog } from "connect-clue";
import { DebugService } from "connect-clue/debug";
import { expect, it } from "vitest";
import { viewerStats } from "../src/debug/tail-logs.js";
import { root } from "./support/built.js";
import { Conversation } from "./support/conversation.js";
import { documents } from "./support/corner-protos.js";
import { debugToken, startDebugServer } from "./support/debug-server.js";
import { until } from "./support/until.js";

const { listCalls, flushCall, tailLogs, setDebugLogs, getDebugLogs, captureProfile } = DebugService.method;

it.each(["connect", "grpc", "grpcweb"])(
  "buf curl by %s debugs an open stream",
  { timeout: 60_000 },
  async (protocol) => {
    const server = await startDebugServer({
      interceptor: { payloads: payloadLog() },
      chat: {
        chat: eachMessage(async (ctx, { text }) => {
          logger(ctx).info("received", { text });
          return { text };
        }),
      },
    });
    const call = async <M extends DescMethod>(method: M, request: JsonValue, enough?: number) =>
      documents(await curl(server.url, protocol, method, request, enough)).map((json) =>
        fromJson(method.output as M["output"], json as JsonValue),
      );
    const stream = new Conversation(server.chat());
    await stream.say("a");

    const [{ calls } = never()] = await call(listCalls, {
      method: "chat.*",
      side: "SERVER",
      minAge: "0.001s",
    });
    expect(calls).toMatchObject([
      { method: "chat.v1.ChatService/Chat", received: 1n, sent: 1n, linesBuffered: 1 },
    ]);
    const [flushed] = await call(flushCall, { id: String(calls[0]?.id) });
    expect(flushed?.lines).toBe(2);

    const tailing = call(tailLogs, { method: "*/Chat" }, 3);
    await until(() => viewerStats().viewers === 1, 20_000);
    const [{ rules } = never()] = await call(setDebugLogs, { enabled: true, method: "*/Chat", ttl: "300s" });
    expect(rules).toMatchObject([{ method: "*/Chat", headers: {} }]);
    expect((await call(getDebugLogs, {}))[0]?.rules).toEqual(rules);
    await stream.say("b");
    expect((await call(setDebugLogs, { enabled: false }))[0]?.rules).toEqual([]);
    await stream.say("c");
    await stream.end();
    const lines = (await tailing).map(({ event }) => (event.case === "line" ? event.value : never()));
    expect(lines.map(({ message }) => message)).toEqual(["request", "received", "response"]);
    expect(lines[0]?.fields).toMatchObject({ payload: { text: "b" }, debug_rule: Number(rules[0]?.id) });

    const profile = await call(captureProfile, { kind: "CPU", duration: "0.2s" });
    const file = Buffer.concat(
      profile.map(({ event }) => (event.case === "chunk" ? event.value : Buffer.of())),
    );
    expect(profile.at(-1)?.event).toMatchObject({ case: "done", value: { size: BigInt(file.length) } });
    expect(gunzipSync(file).length).toBeGreaterThan(100);

    const uses = server.lines().filter(({ msg }) => msg === "debug service used");
    expect(uses.map((line) => line["debug.method"])).toEqual([
      "ListCalls",
      "FlushCall",
      "TailLogs",
      "SetDebugLogs",
      "GetDebugLogs",
      "SetDebugLogs",
      "CaptureProfile",
    ]);
  },
);

/** What `buf curl` prints; it is interrupted, as by Ctrl-C, once there are so many answers. */
async function curl(
  url: string,
  protocol: string,
  method: DescMethod,
  request: JsonValue,
  enough = Infinity,
) {
  const flags = ["--schema", "proto", "--http2-prior-knowledge", "--protocol", protocol];
  const header = ["-H", `Authorization: Bearer ${debugToken}`];
  const target = `${url}/${method.parent.typeName}/${method.name}`;
  const child = spawn("buf", ["curl", ...flags, ...header, "-d", JSON.stringify(request), target], {
    cwd: root,
    env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
    // buf's launcher does not hand signals on: they go to the group, as from a terminal.
    detached: true,
  });
  let text = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    text += chunk;
    if (text.split("\n}").length > enough) process.kill(-(child.pid ?? never()), "SIGINT");
  }
  return text;
}

function never(): never {
  throw new Error("an answer is missing");
}
