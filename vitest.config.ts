import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { TimeReport } from "./test/support/time-report.js";

/**
 * Test files that have a process of their own. All others run one after the other in a process for each worker: loading the
 * kit, Connect and OpenTelemetry anew takes longer than most of them. A file that mocks a module belongs here, too: others
 * may have loaded that module before.
 */
const alone = [
  // Switch the implicit context off, or need it untouched.
  "src/call/implicit*.test.ts",
  "test/relay-explicit.test.ts",
  // Count what the process has done since its start, profile it, or look into its memory.
  "src/debug/runtime.test.ts",
  "src/debug/profile/*.test.ts",
  "src/debug/pprof*.test.ts",
  "src/context/long-stream.test.ts",
  // Needs a process in which nothing has been warned of yet.
  "src/trace/globals.test.ts",
];

const everyFile = "test/support/every-file.ts";

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
    pool: "forks",
    // Vitest's default leaves one processor to itself, although it has next to nothing to do while tests run.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ["default", ["json", { outputFile: ".report/vitest.json" }], new TimeReport()],
    projects: [
      {
        extends: true,
        test: { name: "alone", include: alone, isolate: true, setupFiles: [everyFile] },
      },
      {
        extends: true,
        test: {
          name: "shared",
          include: ["{src,bench,test,examples}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...alone],
          isolate: false,
          setupFiles: [everyFile, "test/support/shared-process.ts"],
        },
      },
    ],
  },
});

function source(path: string): string {
  return `${fileURLToPath(new URL("src/", import.meta.url))}${path}`;
}
