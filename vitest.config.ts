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
  // Collects garbage again and again, which takes longer in a process that has loaded much.
  "src/call/endings-abandoned.test.ts",
  // Puts fake timers in place of the real ones, and tries what happens when that fails half-way.
  "src/fake-clock/*.test.ts",
  // Needs a process in which nothing has been warned of yet.
  "src/trace/globals.test.ts",
  // Mocks #platform.
  "src/trace/metadata-neutral.test.ts",
];

/**
 * Test files that a busy machine would fail: with deadlines that both sides have to see pass within milliseconds, or with
 * buffers that fill as fast as somebody reads. Nothing else runs beside them.
 */
const timed = [
  "src/call/backpressure.test.ts",
  "src/call/endings-deadline.test.ts",
  "test/foreign-peers.test.ts",
  "test/matrix/*.test.ts",
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
    // One worker more than there are processors, as tests wait longer than they compute.
    maxWorkers: availableParallelism() + 1,
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
          exclude: [...configDefaults.exclude, ...alone, ...timed],
          isolate: false,
          setupFiles: [everyFile, "test/support/shared-process.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "timed",
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
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
