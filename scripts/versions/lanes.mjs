// The lanes of `npm run test:versions`: which Node, and which packages in place of those of package.json.

import { readFileSync } from "node:fs";

/**
 * @typedef {object} Lane
 * @property {string} name what `--only` takes
 * @property {string} line what docs/compatibility.md calls it
 * @property {number} node major version; the newest of it is taken
 * @property {Readonly<Record<string, string | null>>} versions packages whose versions differ from package.json's
 *   devDependencies; null for one that has no version on this line
 */

/**
 * @typedef {object} Project
 * @property {string} name what `--only` takes
 * @property {string} folder below test/projects
 * @property {string} line what docs/compatibility.md calls it
 * @property {string} tool what it uses the kit with
 * @property {number} node major version; the newest of it is taken
 * @property {Readonly<Record<string, string>>} versions of the packages that are installed beside the kit
 */

/**
 * @typedef {object} Script
 * @property {string} name what `--only` takes
 * @property {number} node major version; the newest of it is taken
 * @property {readonly string[]} command path of the script, and its arguments
 * @property {string} line what docs/compatibility.md calls its packages
 * @property {string} tool what it uses the kit with
 */

const connect = {
  "@bufbuild/protobuf": "2.17.0",
  "@bufbuild/protoc-gen-es": "2.17.0",
  "@bufbuild/protoplugin": "2.17.0",
  "@connectrpc/connect": "2.3.0",
  "@connectrpc/connect-node": "2.3.0",
  "@connectrpc/connect-web": "2.3.0",
};

const today = {
  ...connect,
  "@opentelemetry/api": "1.10.0",
  "@opentelemetry/api-logs": null,
  "@opentelemetry/context-async-hooks": "3.1.1",
  "@opentelemetry/core": "3.1.1",
  "@opentelemetry/exporter-metrics-otlp-grpc": "0.301.0",
  "@opentelemetry/exporter-metrics-otlp-proto": "0.301.0",
  "@opentelemetry/exporter-prometheus": "0.301.0",
  "@opentelemetry/exporter-trace-otlp-grpc": "0.301.0",
  "@opentelemetry/exporter-trace-otlp-proto": "0.301.1",
  "@opentelemetry/instrumentation-grpc": "0.300.0",
  "@opentelemetry/otlp-grpc-exporter-base": "0.301.0",
  "@opentelemetry/propagator-b3": "3.1.0",
  "@opentelemetry/resources": "3.1.1",
  "@opentelemetry/sdk-logs": "3.1.1",
  "@opentelemetry/sdk-metrics": "3.1.1",
  "@opentelemetry/sdk-trace": "3.1.1",
};

/** The first versions of the ranges in package.json's peerDependencies, and what has to move with them. */
const oldest = {
  "@bufbuild/protobuf": "2.10.0",
  "@bufbuild/protoc-gen-es": "2.10.0",
  "@bufbuild/protoplugin": "2.10.0",
  "@connectrpc/connect": "2.1.0",
  "@connectrpc/connect-node": "2.1.0",
  "@connectrpc/connect-web": "2.1.0",
  "@opentelemetry/api": "1.9.0",
};

/** @type {readonly Lane[]} */
export const lanes = [
  { name: "node20", line: "Node 20's", node: 20, versions: {} },
  { name: "today22", line: "today's", node: 22, versions: today },
  { name: "today24", line: "today's", node: 24, versions: today },
  { name: "today26", line: "today's", node: 26, versions: today },
  {
    name: "sdk-trace-node24",
    line: "sdk-trace-node's",
    node: 24,
    versions: { ...connect, "@opentelemetry/sdk-trace-node": "2.12.1" },
  },
  { name: "oldest20", line: "the oldest peers", node: 20, versions: oldest },
];

const peer = /^@(connectrpc|opentelemetry|sinonjs)\/|^@bufbuild\/proto(buf|plugin)$/;

const typescripts = {
  "typescript-5.7": "npm:typescript@5.7.3",
  "typescript-6.0": "npm:typescript@6.0.3",
  "typescript-7.0": "npm:typescript@7.0.2",
};
const types20 = { "@types/node": "20.19.43" };
const types24 = { "@types/node": "24.19.4" };
const jest = { jest: "30.5.2" };

/** @type {readonly Project[]} */
export const projects = [
  on20(
    { name: "typescript-node20", folder: "typescript", tool: "TypeScript 5.7, 6.0, 7.0" },
    { ...types20, ...typescripts },
  ),
  on24(
    { name: "typescript-today", folder: "typescript", tool: "TypeScript 5.7, 6.0, 7.0" },
    { ...types24, ...typescripts },
  ),
  on20(
    { name: "vitest3", folder: "vitest", tool: "Vitest 3.2" },
    { ...types20, typescript: "6.0.3", vitest: "3.2.4" },
  ),
  on24(
    { name: "vitest4", folder: "vitest", tool: "Vitest 4.1" },
    { ...types24, typescript: "6.0.3", vitest: "4.1.12" },
  ),
  on24(
    { name: "vitest5", folder: "vitest", tool: "Vitest 5.1" },
    { ...types24, typescript: "6.0.3", vitest: "5.1.2" },
  ),
  on20({ name: "jest-node20", folder: "jest", tool: "Jest 30" }, jest),
  on24({ name: "jest-today", folder: "jest", tool: "Jest 30" }, jest),
];

/**
 * Scripts of this project that install packages by themselves: the lines that suit the Node by which they are run.
 *
 * @type {readonly Script[]}
 */
export const scripts = [
  ...[20, 22, 24, 26].flatMap((node) => [
    script("installs", node, "install commands of the docs", "scripts/test-installs.mjs"),
    script("matrix", node, "subsets of the packages, in any order", "scripts/test-installs.mjs", "--matrix"),
  ]),
  // Each set-up runs on the lines that it is for, which these two cover.
  ...[20, 24].map((node) => script("setups", node, "set-ups of OpenTelemetry", "scripts/test-setups.mjs")),
];

function script(name, node, tool, ...command) {
  return { name: `${name}${node}`, node, line: "all", tool, command };
}

function on20(project, versions) {
  return { ...project, line: "Node 20's", node: 20, versions: { ...peersOf("node20"), ...versions } };
}

function on24(project, versions) {
  return { ...project, line: "today's", node: 24, versions: { ...peersOf("today24"), ...versions } };
}

/**
 * The packages that an application installs beside the kit, in the versions of a lane.
 *
 * @param {string} lane its name
 */
export function peersOf(lane) {
  const { devDependencies } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const { versions } = lanes.find(({ name }) => name === lane);
  const wanted = Object.entries({ ...devDependencies, ...versions });
  return Object.fromEntries(wanted.filter(([name, version]) => version !== null && peer.test(name)));
}
