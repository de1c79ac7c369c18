// Bundles the entry points that run in browsers as an application would, prints what each one adds to it, and fails when one
// adds more than its limit, or needs Node.

import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const connect = [
  'export { createClient } from "@connectrpc/connect";',
  'export { createConnectTransport } from "@connectrpc/connect-web";',
];

// What an application imports, and how many bytes that may add to it, minified and gzipped. OpenTelemetry's API counts as
// added. `beside` is what the application has anyway. The limits are a little above what was measured last: who goes beyond
// one finds out what the bytes are for, and either saves them or raises the limit here, in a commit that says why.
// A new entry point gets a line with limit 0: the script tells what to write there.
const limits = [
  {
    name: "clientInterceptor",
    code: 'export { clientInterceptor } from "./src/index.js";',
    beside: connect,
    limit: 25_000,
  },
  {
    name: "clientInterceptor, createLogger",
    code: 'export { clientInterceptor, createLogger } from "./src/index.js";',
    beside: connect,
    limit: 26_800,
  },
  {
    name: "clientInterceptor, payloadLog",
    code: 'export { clientInterceptor, payloadLog } from "./src/index.js";',
    beside: connect,
    limit: 29_300,
  },
  { name: "all of connect-clue", code: 'export * from "./src/index.js";', beside: connect, limit: 34_500 },
  {
    name: "connect-clue/log: createLogger, logger",
    code: 'export { createLogger, logger } from "./src/log/index.js";',
    beside: connect,
    limit: 12_500,
  },
  {
    name: "connect-clue/reflection",
    code: 'export * from "./src/reflection/index.js";',
    beside: ['export * from "@connectrpc/connect";'],
    limit: 6_300,
  },
];

// The sources are bundled, so that no build has to come first: `#platform` leads to them as package.json leads to dist.
const neutralPlatform = {
  name: "neutral platform",
  setup({ onResolve }) {
    onResolve({ filter: /^#platform$/ }, () => ({
      path: resolve("src/platform/neutral.ts"),
      sideEffects: false,
    }));
  },
};

const rows = await Promise.all(
  limits.map(async ({ name, code, beside, limit }) => {
    const added = (await bundled([...beside, code])) - (await bundled(beside));
    return { name, added, limit };
  }),
);
console.table(Object.fromEntries(rows.map(({ name, ...bytes }) => [name, bytes])));
for (const { name, added, limit } of rows) {
  if (added <= limit) continue;
  console.error(`${name}: ${added} bytes are ${added - limit} over the limit in scripts/check-sizes.mjs`);
  process.exitCode = 1;
}

/** How many bytes a program takes, gzipped. */
async function bundled(lines) {
  const { outputFiles } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: "." },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    plugins: [neutralPlatform],
  });
  return gzipSync(outputFiles[0].contents).length;
}
