// Prints the names of skipped tests, then `N passed, N failed, N skipped` as the last line, from
// the JSON report of vitest that is named on the command line. Prints nothing when there is no report.

import { existsSync, readFileSync } from "node:fs";

const path = process.argv[2];
if (path === undefined) throw new Error("usage: node scripts/summarize-tests.mjs REPORT");
if (existsSync(path)) summarize(JSON.parse(readFileSync(path, "utf8")));

function summarize({ testResults }) {
  const tests = testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === "passed");
  const failed = tests.filter((test) => test.status === "failed");
  const skipped = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
  // A file that cannot be loaded has no tests to count, and must not pass for a success.
  const broken = testResults.filter((file) => file.status === "failed" && !hasFailedTest(file));

  console.log();
  for (const file of broken) console.log(`failed to run: ${file.name}`);
  for (const test of skipped) console.log(`skipped: ${test.fullName}`);
  console.log(`${passed.length} passed, ${failed.length + broken.length} failed, ${skipped.length} skipped`);
}

function hasFailedTest(file) {
  return file.assertionResults.some((test) => test.status === "failed");
}
