import { describe, expect, it } from "vitest";
import { builtFrom, builtIn, manifest, packageOf, trace } from "../../test/import-graph.js";
import { writeFiles } from "../../test/support/buf-generate.js";
import { cli, emptyFolder } from "../../test/support/cli.js";
import { packageGroups, requiredPackages } from "./doctor/groups.js";

const isNode20 = process.versions.node.startsWith("20.");
const connect = isNode20 ? "2.1.2" : "2.3.0";
const required = {
  "@bufbuild/protobuf": "2.17.0",
  "@connectrpc/connect": connect,
  "@opentelemetry/api": "1.9.1",
};
const sdk2 = {
  "@opentelemetry/context-async-hooks": "2.12.0",
  "@opentelemetry/core": "2.12.1",
  "@opentelemetry/resources": "2.12.1",
  "@opentelemetry/sdk-metrics": "2.12.1",
  "@opentelemetry/sdk-trace": "2.12.1",
};

describe("doctor", () => {
  it("is content where all is there", async () => {
    const { exit, stdout, stderr } = await doctor({ packages: { ...required, ...sdk2 } }, "telemetry");
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
    expect(stdout.split("\n").slice(1)).toEqual([
      "",
      "PACKAGE                             VERSION  NEEDED BY",
      "@bufbuild/protobuf                  2.17.0   connect-clue",
      `@connectrpc/connect                 ${connect}    connect-clue`,
      "@opentelemetry/api                  1.9.1    connect-clue",
      "@opentelemetry/context-async-hooks  2.12.0   telemetry",
      "@opentelemetry/core                 2.12.1   telemetry",
      "@opentelemetry/resources            2.12.1   telemetry",
      "@opentelemetry/sdk-metrics          2.12.1   telemetry",
      "@opentelemetry/sdk-trace            2.12.1   telemetry",
      "",
      "All packages are there and fit together.",
      "",
    ]);
  });

  it("asks for what the code imports, and for nothing else", async () => {
    const files = {
      "src/main.ts": 'import { prometheusHandler } from "connect-clue/prometheus";',
      "src/health.ts": "import { createChecker } from 'connect-clue/health';",
      "node_modules/other/index.js": 'import "connect-clue/b3";',
    };
    const { exit, stdout } = await doctor({ packages: required, files });
    expect(exit).toBe(1);
    expect(stdout).toContain("\n@opentelemetry/exporter-prometheus           prometheus    missing\n");
    expect(lastLine(stdout)).toBe("npm install @opentelemetry/exporter-prometheus@0.223");
  });

  it("has one command for an empty folder, for this Node", async () => {
    const { exit, stdout } = await doctor(
      {},
      "otlp",
      "mock-server",
      "vitest",
      "protoc-gen-clue-mock",
      "fake-clock",
    );
    expect(exit).toBe(1);
    expect(lastLine(stdout)).toBe(
      isNode20
        ? "npm install @bufbuild/protobuf@2.17 @bufbuild/protoplugin@2.17 @connectrpc/connect@2.1 " +
            "@connectrpc/connect-node@2.1 @opentelemetry/api@1.9 @opentelemetry/exporter-metrics-otlp-proto@0.223 " +
            "@opentelemetry/exporter-trace-otlp-proto@0.223 @opentelemetry/sdk-metrics@2 @opentelemetry/sdk-trace@2 @sinonjs/fake-timers@15 vitest@4"
        : "npm install @bufbuild/protobuf@2.17 @bufbuild/protoplugin@2.17 @connectrpc/connect@2.3 " +
            "@connectrpc/connect-node@2.3 @opentelemetry/api@1.10 @opentelemetry/exporter-metrics-otlp-proto@0.301 " +
            "@opentelemetry/exporter-trace-otlp-proto@0.301 @opentelemetry/sdk-metrics@3 @opentelemetry/sdk-trace@3 @sinonjs/fake-timers@15 vitest@5",
    );
  });

  it("gives API 1.9 the SDK 2, whatever else is newer", async () => {
    const packages = { ...required, ...sdk2, "@opentelemetry/sdk-trace": "3.1.1" };
    const { exit, stdout } = await doctor({ packages }, "telemetry", "otlp");
    expect(exit).toBe(1);
    expect(stdout).toContain("does not fit: API 1.9 needs 2.12 or later 2.x\n");
    expect(lastLine(stdout)).toBe(
      "npm install @opentelemetry/exporter-metrics-otlp-proto@0.223 " +
        "@opentelemetry/exporter-trace-otlp-proto@0.223 @opentelemetry/sdk-trace@2",
    );
  });

  it("recommends API 1.9 where sdk-trace-node is installed", async () => {
    const packages = {
      ...required,
      "@opentelemetry/api": "1.10.0",
      "@opentelemetry/sdk-trace-node": "2.12.1",
    };
    const { stdout } = await doctor({ packages });
    expect(lastLine(stdout)).toBe("npm install @opentelemetry/api@1.9");
  });

  it("wants the versions of connect and connect-node to be the same", async () => {
    const packages = { ...required, "@connectrpc/connect-node": "2.1.0" };
    const { exit, stdout } = await doctor({ packages }, "mock-server");
    expect(exit).toBe(1);
    expect(stdout).toContain(`does not fit: @connectrpc/connect is ${connect}\n`);
    expect(lastLine(stdout)).toBe(`npm install @connectrpc/connect-node@${connect}`);
  });

  it("tells of what is too old and too new", async () => {
    const packages = { ...required, "@bufbuild/protobuf": "1.10.0", "@opentelemetry/api": "2.0.0" };
    const { exit, stdout } = await doctor({ packages });
    expect(exit).toBe(1);
    expect(stdout).toContain("does not fit: connect-clue works with >=2.10.0 <2.18.0\n");
    expect(lastLine(stdout)).toMatch(/^npm install @bufbuild\/protobuf@2\.17 @opentelemetry\/api@1\.\d+$/);
  });

  it("finds second copies of what has to be there once", async () => {
    const packages = {
      ...required,
      "a/node_modules/@opentelemetry/api": "1.8.0",
      "@b/c/node_modules/connect-clue": "0.0.9",
    };
    const { exit, stdout } = await doctor({ packages: { ...packages, "connect-clue": "0.1.0" } });
    expect(exit).toBe(1);
    expect(stdout.trim().split("\n").slice(-3)).toEqual([
      "There are 2 copies of @opentelemetry/api, which do not share their state: node_modules/@opentelemetry/api, " +
        "node_modules/a/node_modules/@opentelemetry/api. `npm dedupe` or `npm explain` of the package helps.",
      "",
      "There are 2 copies of connect-clue, which do not share their state: node_modules/@b/c/node_modules/connect-clue, " +
        "node_modules/connect-clue. `npm dedupe` or `npm explain` of the package helps.",
    ]);
  });

  it.each([
    ["pnpm-lock.yaml", "pnpm add"],
    ["yarn.lock", "yarn add"],
  ])("knows the package manager by %s", async (file, command) => {
    const { stdout } = await doctor({ packages: required, files: { [file]: "" } }, "fake-clock");
    expect(lastLine(stdout)).toBe(`${command} @sinonjs/fake-timers@15`);
  });

  it("writes JSON, a line for each package and one for the command", async () => {
    const { exit, stdout } = await doctor({ packages: required }, "fake-clock", "--json");
    expect(exit).toBe(1);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.slice(-2)).toEqual([
      { name: "@sinonjs/fake-timers", version: "", neededBy: ["fake-clock"], problem: "missing" },
      { node: process.versions.node, command: "npm install @sinonjs/fake-timers@15" },
    ]);
  });

  it("refuses entry points that there are not", async () => {
    const { exit, stdout, stderr } = await doctor({}, "telemetri");
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toMatch(/^connect-clue: unknown entry point 'telemetri'; known are telemetry, otlp, /);
  });
});

describe("the groups of packages", () => {
  // Of Vitest the matchers use the types alone; programs are no entry points.
  const entries = Object.keys(packageGroups).filter(
    (entry) => entry !== "vitest" && `./${entry}` in manifest.exports,
  );

  it.each(entries)("%s has all that is imported", (entry) => {
    const target = manifest.exports[`./${entry}`];
    const { modules } = trace(builtFrom(typeof target === "object" ? (target.default ?? "") : ""), "node");
    const known = [...requiredPackages, ...builtIn, ...(packageGroups[entry] ?? [])];
    const needed = modules.map(packageOf).filter((name) => !name.startsWith("node:"));
    expect(needed.filter((name) => !known.includes(name))).toEqual([]);
    expect(packageGroups[entry]?.filter((name) => !needed.includes(name))).toEqual([]);
  });
});

/** Runs it in a project with packages, by their paths below node_modules, and other files. */
async function doctor(
  project: { packages?: Readonly<Record<string, string>>; files?: Readonly<Record<string, string>> },
  ...args: string[]
): Promise<{ exit: number | string | null; stdout: string; stderr: string }> {
  const cwd = emptyFolder();
  const { packages = {}, files = {} } = project;
  writeFiles(cwd, files);
  for (const [path, version] of Object.entries(packages)) {
    writeFiles(cwd, { [`node_modules/${path}/package.json`]: JSON.stringify({ version }) });
  }
  return await cli(["doctor", ...args], { cwd });
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1);
}
