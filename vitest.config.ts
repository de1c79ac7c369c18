import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The tests run on the sources, not on dist: no build can be forgotten, and stack traces need no maps.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^#platform$/, replacement: source("platform/node.ts") },
      { find: /^connect-clue$/, replacement: source("index.ts") },
      {
        find: /^connect-clue\/([\w-]+)$/,
        replacement: source("$1/index.ts"),
      },
    ],
  },
  test: {
    globalSetup: "test/support/built.ts",
    include: ["src/**/*.test.ts", "bench/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ["default", ["json", { outputFile: ".report/vitest.json" }]],
  },
});

function source(path: string): string {
  return `${fileURLToPath(new URL("src/", import.meta.url))}${path}`;
}
