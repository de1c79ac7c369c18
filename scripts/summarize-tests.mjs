// Prints the names of skipped tests, then `N passed, N failed, N skipped` as the last line: the sum of the JSON reports
// of Vitest that are named on the command line. A report that is missing or broken counts as a failure. Exit code 1 when
// anything has failed.

import { readReport } from "./test-report.mjs";

const paths = process.argv.slice(2);
if (paths.length === 0) throw new Error("usage: node scripts/summarize-tests.mjs REPORT…");
const reports = paths.map(readReport);
const sum = (count) => reports.map(count).reduce((a, b) => a + b, 0);

console.log();
for (const file of reports.flatMap((report) => report.broken)) console.log(`failed to run: ${file}`);
for (const name of new Set(reports.flatMap((report) => report.skipped))) console.log(`skipped: ${name}`);
const counts = [
  `${sum(({ passed }) => passed)} passed`,
  `${sum(({ failed }) => failed)} failed`,
  `${sum(({ skipped }) => skipped.length)} skipped`,
];
console.log(counts.join(", "));
if (sum(({ failed }) => failed) > 0) process.exitCode = 1;
