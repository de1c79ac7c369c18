#!/usr/bin/env node
// The program `protoc-gen-clue-mock`, which buf or protoc starts. It loads the rest when it runs, to tell in one line
// when the package is missing that not every user of the kit has.
try {
  const { runNodeJs } = await import("@bufbuild/protoplugin");
  const { mockPlugin } = await import("./plugin.js");
  runNodeJs(mockPlugin);
} catch (error) {
  if (!isMissing(error, "@bufbuild/protoplugin")) throw error;
  const remedy = "npm install --save-dev @bufbuild/protoplugin";
  process.stderr.write(`protoc-gen-clue-mock: @bufbuild/protoplugin is not installed. ${remedy}\n`);
  process.exitCode = 1;
}

/** Whether it is this package that was not found, not one that it needs in turn. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes(`'${name}'`)
  );
}
