#!/usr/bin/env node
// The program `connect-clue`. It loads the rest when it runs, to tell in one line which package is missing.
try {
  const { runProgram } = await import("./program.js");
  process.exitCode = await runProgram(process.argv);
} catch (error) {
  const missing = missingPackage(error);
  if (missing === undefined) throw error;
  process.stderr.write(`connect-clue: ${missing} is not installed. ${remedy(missing)}\n`);
  process.exitCode = 2;
}

function remedy(missing: string): string {
  return `npm install ${missing}, or: npx -p connect-clue -p ${missing} connect-clue ...`;
}

function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_MODULE_NOT_FOUND")
    return undefined;
  return /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
}
