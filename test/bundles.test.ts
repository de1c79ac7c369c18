import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle, isSdkCommonJs, layOutProject, project } from "./support/bundles.js";
import { type Program, run, says } from "./support/chat-process.js";
import { requests } from "./support/chat-server.js";
import { collect } from "./support/context-observe.js";
import { chatClient } from "./support/node-server.js";
import { type OtlpReceiver, startGrpcReceiver, startHttpReceiver } from "./support/otlp-receiver.js";

// Bundlers take their time, and the machine may be busy.
const patient = { timeout: 300_000 };

beforeAll(layOutProject);

describe("one file, in a folder without packages", patient, () => {
  const esm = isSdkCommonJs ? "esbuild-banner" : "esbuild-esm";

  it.each(["esbuild-cjs", esm, "rollup", "webpack", "vite"])("serves and exports: %s", async (way) => {
    const receiver = await startHttpReceiver();
    expect(await serve(await bundle(way), receiver)).toEqual(served);
  });

  it("serves and exports over gRPC: esbuild-grpc", async () => {
    const receiver = await startGrpcReceiver();
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    expect(await serve(await bundle("esbuild-grpc"), receiver, env)).toEqual(served);
  });

  it.runIf(isSdkCommonJs)("says what is missing where a banner is needed", async () => {
    const server = start(await bundle("esbuild-esm"));
    expect(await server.ended).toBe(1);
    expect(server.stderr).toContain('Error: Dynamic require of "util" is not supported');
  });
});

describe("in a browser", patient, () => {
  it.each(["connect-clue", "connect-clue/log", "connect-clue/mock"])(
    "%s is bundled without Node's modules",
    async (entry) => {
      // esbuild fails where a browser's bundle would need one.
      const text = await browserBundle(`export * from "${entry}";`);
      expect(text.match(/["']node:\w+["']/g)).toBe(null);
    },
  );

  it("a mock answers where there is nothing of Node's", async () => {
    const script = await browserBundle(`
      import { createMock } from "connect-clue/mock";
      import { ChatService } from "./examples/chat/gen/chat/v1/chat_pb.js";
      const mock = createMock(ChatService);
      mock.add("say").expect({ text: "hi" }).send({ text: "hello" });
      globalThis.answer = mock.client().say({ text: "hi" });`);
    const names = [
      "AbortController",
      "Headers",
      "TextDecoder",
      "TextEncoder",
      "URL",
      "performance",
      "console",
    ];
    const timers = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"];
    const browser = Object.fromEntries(
      [...names, ...timers].map((name) => [name, Reflect.get(globalThis, name)]),
    );
    runInNewContext(script, browser);
    expect(await browser.answer).toMatchObject({ text: "hello" });
  });
});

/** What {@link serve} sees of a server that works. */
const served = {
  answers: ["you said: hi", "you said: a", "you said: b"],
  code: 0,
  stderr: "",
  spans: ["chat.v1.ChatService/Chat bundled", "chat.v1.ChatService/Say bundled"],
};

/** Calls a bundled server, stops it, and gives what came of it. */
async function serve(file: string, receiver: OtlpReceiver, env: Readonly<Record<string, string>> = {}) {
  const server = start(file, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: "always_on",
    ...env,
  });
  const [, url = ""] = await says(server, "stdout", /"msg":"listening","url":"([^"]*)"/, 20_000);
  const client = chatClient(url, "gRPC");
  const { text } = await client.say({ text: "hi" });
  const chat = await collect(client.chat(requests({ text: "a" }, { text: "b" })));
  server.child.kill("SIGTERM");
  const code = await server.ended;
  const spans = receiver.spans.map(({ name, resource }) => `${name} ${resource["service.name"]}`).sort();
  return { answers: [text, ...chat.map((answer) => answer.text)], code, stderr: server.stderr, spans };
}

function start(file: string, env: Readonly<Record<string, string>> = {}): Program {
  const server = run(file, env);
  onTestFinished(() => void server.child.kill("SIGKILL"));
  return server;
}

async function browserBundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: project },
    bundle: true,
    platform: "browser",
    format: source.includes("globalThis") ? "iife" : "esm",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
