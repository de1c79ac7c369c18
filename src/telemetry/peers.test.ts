import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { root } from "../../test/support/built.js";

const run = promisify(execFile);
const needed = ["@bufbuild/protobuf", "@connectrpc/connect", "@opentelemetry/api", "sonic-boom"];
const exporter = "{ export() {}, async forceFlush() {}, async shutdown() {} }";
const withSpans = `configureOpenTelemetry({ service: "a", propagators: [], spanExporter: ${exporter} })`;
const withMetrics = `configureOpenTelemetry({ service: "a", propagators: [], metricExporter: ${exporter} })`;

describe("a package that is not installed", () => {
  it.each<[installed: readonly string[], messages: Readonly<Record<string, string>>]>([
    [
      [],
      {
        "otlpSpans()": missing("otlpSpans over http/protobuf", "exporter-trace-otlp-proto@0.223"),
        "otlpSpans({ protocol: 'grpc' })": missing("otlpSpans over grpc", "exporter-trace-otlp-grpc@0.223"),
        "otlpMetrics()": missing("otlpMetrics over http/protobuf", "exporter-metrics-otlp-proto@0.223"),
        "otlpMetrics({ protocol: 'grpc' })": missing(
          "otlpMetrics over grpc",
          "exporter-metrics-otlp-grpc@0.223",
        ),
        "prometheusHandler()": missing("prometheusHandler", "exporter-prometheus@0.223"),
        "otelLogs()": missing("otelLogs", "api-logs@0.223"),
        "configureOpenTelemetry()": missing("configureOpenTelemetry (propagators)", "resources@2"),
        "configureOpenTelemetry({ propagators: ['b3'] })": missing("the propagator b3", "propagator-b3@2"),
        [withSpans]: missing("configureOpenTelemetry (spans)", "sdk-trace@2"),
        [withMetrics]: missing("configureOpenTelemetry (metrics)", "sdk-metrics@2"),
      },
    ],
    [["sdk-metrics"], { [withMetrics]: missing("configureOpenTelemetry", "resources@2") }],
    [
      ["sdk-metrics", "resources"],
      {
        [withMetrics]: missing(
          "configureOpenTelemetry (without contextManager: false)",
          "context-async-hooks@2",
        ),
      },
    ],
  ])("is named by what needs it, beside %j", async (installed, messages) => {
    const calls = Object.keys(messages).map((call) => `[${JSON.stringify(call)}, () => ${call}]`);
    const script = `import * as telemetry from "connect-clue/telemetry";
      const { configureOpenTelemetry, otelLogs, otlpMetrics, otlpSpans, prometheusHandler } = telemetry;
      const messages = {};
      for (const [name, call] of [${calls.join()}]) {
        try { call(); } catch (error) { messages[name] = error.message; }
      }
      console.log(JSON.stringify(messages));`;
    const cwd = install(installed);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd });
    expect(JSON.parse(stdout)).toEqual(messages);
  });
});

describe("the types", () => {
  it("need none of the optional packages", async () => {
    const cwd = install([]);
    const consumer = `import { configureOpenTelemetry, type Telemetry } from "connect-clue/telemetry";
      export const telemetry: Telemetry = configureOpenTelemetry({ service: "a", sampler: undefined as never });`;
    writeFileSync(join(cwd, "consumer.mts"), consumer);
    const compilerOptions = {
      module: "nodenext",
      lib: ["es2023", "dom"],
      strict: true,
      types: [],
      noEmit: true,
    };
    writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.mts"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const told = await run(process.execPath, [tsc, "-p", cwd]).catch((error: unknown) => error);
    expect(told).toMatchObject({ stdout: "" });
  });
});

function missing(needer: string, spec: string): string {
  const name = `@opentelemetry/${spec}`;
  return `${needer} needs ${name.slice(0, name.lastIndexOf("@"))}, which is not installed: npm install ${name}`;
}

/** A folder in which the kit is installed with what it cannot do without, and some of its optional peers. */
function install(peers: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), "peers-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const kit = join(dir, "node_modules/connect-clue");
  for (const part of ["package.json", "dist/src", "dist/gen"])
    cpSync(join(root, part), join(kit, part), { recursive: true });
  for (const name of [...needed, ...peers.map((peer) => `@opentelemetry/${peer}`)]) {
    const link = join(dir, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  return dir;
}
