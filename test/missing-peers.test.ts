import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifest } from "./import-graph.js";
import { root } from "./support/built.js";

const run = promisify(execFile);

/** All that an application has installed beside the kit. `@types/node` is no package that is loaded. */
const installed = [
  "@bufbuild/protobuf",
  "@connectrpc/connect",
  "@opentelemetry/api",
  "@types/node",
  "pprof-format",
  "undici-types",
];

/** Packages that entry points need, as a pattern: which one is missed first is up to Node. The others need none. */
const missing: Readonly<Record<string, RegExp>> = {
  "./b3": /^@opentelemetry\/propagator-b3$/,
  "./fake-clock": /^@sinonjs\/fake-timers$/,
  "./grpc-pinger": /^@connectrpc\/connect-node$/,
  "./mock-server": /^@connectrpc\/connect-node$/,
  "./otlp": /^@opentelemetry\/(sdk-\w+|exporter-\w+-otlp-proto)$/,
  "./otlp-grpc": /^@opentelemetry\/(sdk-\w+|(exporter-\w+-)?otlp-(proto|grpc)(-exporter-base)?)$/,
  "./prometheus": /^@opentelemetry\/exporter-prometheus$/,
  "./telemetry": /^@opentelemetry\/(context-async-hooks|core|resources|sdk-\w+)$/,
  "./testing-telemetry": /^@opentelemetry\/(core|sdk-\w+)$/,
};

// Vitest's matchers are for those who have Vitest.
const entries = Object.keys(manifest.exports).filter(
  (name) => !["./package.json", "./vitest"].includes(name),
);
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "missing-peers-"));
  const kit = join(folder, "node_modules/connect-clue");
  for (const part of ["package.json", "dist/src", "dist/gen"]) {
    cpSync(join(root, part), join(kit, part), { recursive: true });
  }
  for (const name of installed) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("without any optional package", () => {
  it("each entry point loads, or ends in Node's own error, which names the package", async () => {
    const script = `for (const name of ${JSON.stringify(entries)}) {
      const problem = await import("connect-clue" + name.slice(1)).then(() => "none", (error) => error);
      console.log(name, problem === "none" ? problem : problem.code + ": " + problem.message);
    }`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
    const seen = stdout
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [name = "", ...told] = line.split(" ");
        const [, what = ""] = /'(.*)' imported from/.exec(line) ?? [];
        return missing[name]?.test(what) ? `${name} ${told.join(" ").replace(/'.*/, "its own")}` : line;
      });
    const expected = entries.map((name) => {
      return name in missing ? `${name} ERR_MODULE_NOT_FOUND: Cannot find package its own` : `${name} none`;
    });
    expect(seen).toEqual(expected);
  });

  it("the types of all entry points compile, those of the packages too: none of them became any", async () => {
    const lines = entries.map((name, i) => `export * as entry${i} from "connect-clue${name.slice(1)}";`);
    writeFileSync(join(folder, "consumer.mts"), lines.join("\n"));
    const compilerOptions = {
      module: "nodenext",
      lib: ["es2023", "dom"],
      strict: true,
      // What can't be found is an error in the kit's own declarations as well, in place of any.
      skipLibCheck: false,
      types: ["node"],
      noEmit: true,
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["consumer.mts"] }),
    );
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const told = await run(process.execPath, [tsc, "-p", folder]).catch((error: unknown) => error);
    expect(told).toMatchObject({ stdout: "" });
  }, 60_000);
});
