import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "connect-clue/health";
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
      "6. What probes see, on the same port",
      "7. Debug, while it runs",
      "8. The end",
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
    expect(server.stderr.trim().split("\n")).toHaveLength(8);
    expect(server.stderr.match(/^ {2}npx buf curl .*$/gm)).toHaveLength(4);

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
      "info draining",
      "info drained",
    ]);
    expect(server.stderr.trim().split("\n")).toHaveLength(8);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("stops with 0 on %s, and says so", async (signal) => {
    const server = await startServer({ LOG_FORMAT: "json" });
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    expect(logOf(server)).toMatchObject([
      { msg: "draining", "drain.reason": signal, "drain.in_flight": 0 },
      { msg: "drained", "drain.cut_off": 0, exit_code: 0 },
    ]);
  });

  it("serves probes by gRPC and HTTP on the one port, and follows what it depends on", async () => {
    const server = await startServer({ DEPENDENCY: "down", LOG_FORMAT: "json" });
    expect(await Promise.all(["livez", "readyz"].map((path) => get(`${server.url}/${path}`)))).toEqual([
      200, 503,
    ]);
    const statuses = server.health.watch({})[Symbol.asyncIterator]();
    expect(await statuses.next()).toMatchObject({ value: { status: ServingStatus.NOT_SERVING } });
    server.child.kill("SIGUSR2");
    expect(await statuses.next()).toMatchObject({ value: { status: ServingStatus.SERVING } });
    expect(await Promise.all(["livez", "readyz"].map((path) => get(`${server.url}/${path}`)))).toEqual([
      200, 200,
    ]);
    await statuses.return?.();
    expect(logOf(server)).toMatchObject([
      { level: "warn", msg: "dependency is down", dependency: "storage", error: "Error: switched off" },
      { level: "info", msg: "dependency is up", dependency: "storage" },
    ]);
  });

  it("is called by buf curl without a schema, as it says", async () => {
    const server = await startServer();
    const commands = [...server.stderr.matchAll(/npx buf curl -d '(.*)' (\S+)$/gm)];
    const answers = commands.slice(0, 3).map(([, data = "", url = ""]) => bufCurl("-d", data, url));
    expect(await Promise.all(answers)).toEqual([
      '{"text":"you said: hi"}',
      expect.stringContaining('"code":"internal"'),
      '{"text":"you said: a"}{"text":"could not handle: fail"}{"text":"you said: b"}',
    ]);
    expect(await bufCurl("--list-methods", server.url)).toMatch(/chat\.v1\.ChatService\/Say/);
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
      { msg: "draining", outcome: undefined },
      { msg: "start", outcome: undefined },
      { msg: "received", outcome: undefined },
      { msg: "end", outcome: "shutdown" },
      { msg: "drained", outcome: undefined },
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

  it("refuses a DEPENDENCY that is neither up nor down", async () => {
    const server = start("dist/examples/chat/server.js", { PORT: "0", DEPENDENCY: "no", LOG_FORMAT: "json" });
    expect(await server.ended).toBe(1);
    expect(logOf(server)).toMatchObject([{ err: 'DEPENDENCY: expected up or down, got "no"' }]);
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
  readonly health: Client<typeof Health>;
}

function start(path: string, env: Readonly<Record<string, string>> = {}): Program {
  const program = run(path, env);
  running.push(program);
  return program;
}

async function startServer(env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const program = start("dist/examples/chat/server.js", { HOST: "", PORT: "0", ...env });
  const [url] = await says(program, "stderr", /http:\/\/127\.0\.0\.1:\d+/);
  await says(program, "stderr", /kill -USR2.*\n/);
  const sessionManager = new Http2SessionManager(url);
  void program.ended.then(() => sessionManager.abort());
  const transport = createGrpcTransport({ baseUrl: url, sessionManager });
  const client = createClient(ChatService, transport);
  return Object.assign(program, { url, client, health: createClient(Health, transport) });
}

async function get(url: string): Promise<number> {
  const response = await fetch(url);
  await response.text();
  return response.status;
}

/** What buf says, without its line breaks and spaces between values. */
async function bufCurl(...args: readonly string[]): Promise<string> {
  const child = execFile(join(root, "node_modules/.bin/buf"), ["curl", ...args]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (said += text));
  await once(child, "close");
  return said.replace(/\n */g, "").replaceAll('": ', '":');
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
