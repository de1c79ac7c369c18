import { readFileSync } from "node:fs";

/**
 * @typedef {object} TestReport
 * @property {number} passed
 * @property {number} failed tests that failed, and files that did not run; 1 when there is no report that can be read
 * @property {readonly string[]} skipped names of tests
 * @property {readonly string[]} broken files that did not run, or the report where it is missing or broken
 */

/**
 * Reads a report of Vitest's JSON reporter.
 *
 * @param {string} path
 * @returns {TestReport}
 */
export function readReport(path) {
  const testResults = resultsIn(path);
  if (testResults === undefined) return { passed: 0, failed: 1, skipped: [], broken: [path] };
  const tests = testResults.flatMap((file) => file.assertionResults);
  const failed = tests.filter((test) => test.status === "failed");
  // A file that cannot be loaded has no tests to count, and must not pass for a success.
  const broken = testResults.filter((file) => file.status === "failed" && !hasFailedTest(file));
  const isDone = ({ status }) => status === "passed" || status === "failed";
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: failed.length + broken.length,
    skipped: tests.filter((test) => !isDone(test)).map((test) => test.fullName),
    broken: broken.map((file) => file.name),
  };
}

function resultsIn(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).testResults;
  } catch {
    return undefined;
  }
}

function hasFailedTest(file) {
  return file.assertionResults.some((test) => test.status === "failed");
}
