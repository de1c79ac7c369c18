import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterEach, describe, expect, it } from "vitest";
import { ChatService } from "../examples/chat/gen/chat/v1/chat_pb.js";
import { root } from "./support/built.js";
import { type Program, run, says } from "./support/chat-process.js";
import { startGrpcReceiver, startHttpReceiver } from "./support/otlp-receiver.js";

const running: Program[] = [];

afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.splice(0).map(({ ended }) => ended));
});

describe("npm run demo", () => {
  it("shows its chapters and ends with 0", async () => {
    const demo = start("dist/examples/chat/demo.js");
    expect({ code: await demo.ended, stderr: demo.stderr }).toEqual({ code: 0, stderr: "" });
    expect(demo.stdout.match(/^\S.*$/gm)).toEqual([
      "The chat server",
      "1. Silence",
      "2. The story of a failure",
      "3. A stream of (ctx, msg)",
      "4. A stream that the client leaves",
      "5. The trace of one message through two services",
      "The end",
    ]);
    expect(demo.stdout).not.toContain("\u001b");
  });

  it("ends with 1 and says why when the server does not do what it claims", async () => {
    const copy = ".report/demo";
    rmSync(join(root, copy), { recursive: true, force: true });
    cpSync(join(root, "dist/examples"), join(root, copy), { recursive: true });
    const service = join(root, copy, "chat/chat-service.js");
    writeFileSync(service, readFileSync(service, "utf8").replace("thinking about it", "dreaming"));

    const demo = start(`${copy}/chat/demo.js`);
    expect(await demo.ended).toBe(1);
    expect(demo.stderr.trim()).toBe(
      'the lines: expected ["start","heard","thinking about it","answering with 10 more characters","end"], ' +
        'saw ["start","heard","dreaming","answering with 10 more characters","end"]',
    );
  });
});

describe("npm start", () => {
  it("tells on standard error where it listens and what to try, and logs alone on standard output", async () => {
    const server = await startServer({ LOG_FORMAT: "json" });
    expect(server.stderr.trim().split("\n")).toHaveLength(4);
    expect(server.stderr.match(/buf curl .*\/chat\.v1\.ChatService\/(?:Say|Chat)$/gm)).toHaveLength(3);

    await server.client.say({ text: "hi" });
    await server.client.say({ text: "fail now" }).catch(() => {});
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect(logOf(server).map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      "info start",
      "info heard",
      "info thinking about it",
      "info answering with 10 more characters",
      "error end",
    ]);
    expect(server.stderr.trim().split("\n")).toHaveLength(4);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("stops with 0 on %s, and leaves nothing behind", async (signal) => {
    const server = await startServer();
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    expect(server.stdout).toBe("");
  });

  it("counts a signal that comes again within a second as one", async () => {
    const server = await startServer();
    // An upload that never ends keeps the server from stopping.
    const session = connectHttp2(server.url);
    const upload = session.request({
      ":method": "POST",
      ":path": "/chat.v1.ChatService/Say",
      "content-type": "application/proto",
    });
    await once(session, "remoteSettings");
    server.child.kill("SIGTERM");
    await once(session, "goaway");
    server.child.kill("SIGTERM");
    server.child.kill("SIGINT");
    upload.close();
    expect(await server.ended).toBe(0);
    session.destroy();
  });

  it("ends an open stream with unavailable", async () => {
    const server = await startServer({ LOG_FORMAT: "json" });
    const answers = server.client.chat(oneAndNoMore())[Symbol.asyncIterator]();
    expect(await answers.next()).toMatchObject({ value: { text: "you said: a" } });
    server.child.kill("SIGTERM");
    const error = await answers.next().catch((reason) => ConnectError.from(reason));
    expect(String(error)).toBe("ConnectError: [unavailable] server is shutting down");
    expect(await server.ended).toBe(0);
    expect(logOf(server).map(({ msg, "rpc.outcome": outcome }) => ({ msg, outcome }))).toEqual([
      { msg: "start", outcome: undefined },
      { msg: "received", outcome: undefined },
      { msg: "end", outcome: "shutdown" },
    ]);
  });

  it.each([
    ["grpc", startGrpcReceiver],
    ["http/protobuf", startHttpReceiver],
  ] as const)("sends telemetry by %s before it ends, when told where to", async (protocol, startReceiver) => {
    const collector = await startReceiver();
    const server = await startServer({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_RESOURCE_ATTRIBUTES: "service.namespace=tour",
    });
    await server.client.say({ text: "hi" });
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect(collector.spans.map(({ name, kind }) => [kind, name])).toEqual([
      ["SERVER", "chat.v1.ChatService/Say"],
    ]);
    expect(collector.metrics.map(({ name }) => name).sort()).toEqual([
      "clue.rpc.server.active_calls",
      "clue.rpc.server.received_messages",
      "clue.rpc.server.sent_messages",
      "rpc.server.call.duration",
    ]);
    expect(collector.spans[0]?.resource).toMatchObject({
      "service.name": "chat",
      "service.namespace": "tour",
    });
    expect(collector.spans[0]?.traceState).toBe("ot=th:0");
  });

  it.each(["http", "70000", "-1", "1.5"])("refuses PORT=%s", async (PORT) => {
    const server = start("dist/examples/chat/server.js", { PORT, LOG_FORMAT: "json" });
    expect(await server.ended).toBe(1);
    expect(logOf(server)).toMatchObject([
      { level: "error", msg: "can't start", err: `PORT: expected a number from 0 to 65535, got "${PORT}"` },
    ]);
  });

  it("refuses a LOG_FORMAT that there is not", async () => {
    const server = start("dist/examples/chat/server.js", { PORT: "0", LOG_FORMAT: "xml" });
    expect(await server.ended).toBe(1);
    expect([server.stdout, server.stderr]).toEqual([
      "",
      'LOG_FORMAT: expected text, terminal or json, got "xml"\n',
    ]);
  });

  it("says when the port is taken", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const PORT = `${(holder.address() as { port: number }).port}`;
    const server = start("dist/examples/chat/server.js", { PORT, LOG_FORMAT: "json" });
    expect(await server.ended).toBe(1);
    expect(logOf(server)).toMatchObject([
      { msg: "can't start", err: `listen EADDRINUSE: address already in use 127.0.0.1:${PORT}` },
    ]);
    holder.close();
  });
});

interface Server extends Program {
  readonly url: string;
  readonly client: Client<typeof ChatService>;
}

function start(path: string, env: Readonly<Record<string, string>> = {}): Program {
  const program = run(path, env);
  running.push(program);
  return program;
}

async function startServer(env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const program = start("dist/examples/chat/server.js", { HOST: "", PORT: "0", ...env });
  const [url] = await says(program, "stderr", /http:\/\/127\.0\.0\.1:\d+/);
  await says(program, "stderr", /\/Chat\n/);
  const sessionManager = new Http2SessionManager(url);
  void program.ended.then(() => sessionManager.abort());
  const client = createClient(ChatService, createGrpcTransport({ baseUrl: url, sessionManager }));
  return Object.assign(program, { url, client });
}

function logOf({ stdout }: Program): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

async function* oneAndNoMore() {
  yield { text: "a" };
  await new Promise(() => {});
}
