// Bundles the entry points that run in browsers as an application would, prints what each one adds to it, and fails when one
// adds more than its limit, or needs Node. It measures what users get: dist/, by the name of the package.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
if (!existsSync(resolve(root, "dist/src/index.js"))) {
  console.error("scripts/check-sizes.mjs: dist/ is missing: run `npm run build` first");
  process.exit(1);
}

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
    code: 'export { clientInterceptor } from "connect-clue";',
    beside: connect,
    limit: 23_700,
  },
  {
    name: "clientInterceptor, createLogger",
    code: 'export { clientInterceptor, createLogger } from "connect-clue";',
    beside: connect,
    limit: 25_400,
  },
  {
    name: "clientInterceptor, payloadLog",
    code: 'export { clientInterceptor, payloadLog } from "connect-clue";',
    beside: connect,
    limit: 27_900,
  },
  { name: "all of connect-clue", code: 'export * from "connect-clue";', beside: connect, limit: 33_100 },
  {
    name: "connect-clue/log: createLogger, logger",
    code: 'export { createLogger, logger } from "connect-clue/log";',
    beside: connect,
    limit: 12_500,
  },
  {
    name: "connect-clue/reflection",
    code: 'export * from "connect-clue/reflection";',
    beside: ['export * from "@connectrpc/connect";'],
    limit: 6_300,
  },
  {
    name: "connect-clue/mock: createMock",
    code: 'export { createMock } from "connect-clue/mock";',
    beside: ['export * from "@connectrpc/connect";'],
    limit: 17_900,
  },
];

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
    stdin: { contents: lines.join("\n"), resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0].contents).length;
}
