// Runs the tests with the oldest and the newest peers that package.json admits, in a copy of the project.
// `npm run test:peers`, or `npm run test:peers -- oldest`. It installs packages, and takes some minutes.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const lines = {
  oldest: [
    "@connectrpc/connect@2.1.0",
    "@connectrpc/connect-node@2.1.0",
    "@bufbuild/protobuf@2.7.0",
    "@opentelemetry/api@1.9.0",
  ],
  newest: [
    "@connectrpc/connect@^2",
    "@connectrpc/connect-node@^2",
    "@bufbuild/protobuf@^2",
    "@opentelemetry/api@^1",
    ...[
      "context-async-hooks",
      "core",
      "propagator-b3",
      "resources",
      "sdk-logs",
      "sdk-metrics",
      "sdk-trace",
    ].map((name) => `@opentelemetry/${name}@^3`),
    ...[
      "exporter-metrics-otlp-grpc",
      "exporter-metrics-otlp-proto",
      "exporter-prometheus",
      "exporter-trace-otlp-grpc",
      "exporter-trace-otlp-proto",
      "otlp-grpc-exporter-base",
    ].map((name) => `@opentelemetry/${name}@>=0.300.0`),
  ],
};

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(lines)) {
  const peers = lines[name];
  if (peers === undefined) {
    console.error(`test-peers: expected ${Object.keys(lines).join(" or ")}, got ${name}`);
    process.exit(2);
  }
  test(name, peers);
}

function test(name, peers) {
  const folder = mkdtempSync(join(tmpdir(), `peers-${name}-`));
  const run = (command, ...args) => execFileSync(command, args, { cwd: folder, stdio: "inherit" });
  try {
    console.log(`\n== ${name}: ${peers.join(" ")}`);
    const skipped = /[\\/](\.git|node_modules|dist|\.report)$/;
    cpSync(process.cwd(), folder, { recursive: true, filter: (path) => !skipped.test(path) });
    run("npm", "install", "--no-save", "--no-audit", "--no-fund", "--legacy-peer-deps", ...peers);
    run("npm", "test");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
