import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { builtPlugin } from "../../test/support/buf-generate.js";
import { root } from "../../test/support/built.js";
import { cli, emptyFolder } from "../../test/support/cli.js";

describe("the program protoc-gen-clue-mock", () => {
  it("is the one that package.json names", () => {
    expect(join(root, manifest.bin["protoc-gen-clue-mock"])).toBe(builtPlugin[1]);
  });

  it("tells its version", async () => {
    expect(await cli(["--version"], { command: builtPlugin })).toEqual({
      exit: 0,
      stdout: `protoc-gen-clue-mock v${manifest.version}\n`,
      stderr: "",
    });
  });

  it("says what to install when the plugin framework is missing", async () => {
    const folder = emptyFolder();
    const kit = join(folder, "node_modules/connect-clue");
    for (const part of ["package.json", "dist/src"])
      cpSync(join(root, part), join(kit, part), { recursive: true });
    mkdirSync(join(folder, "node_modules/@bufbuild"));
    symlinkSync(
      join(root, "node_modules/@bufbuild/protobuf"),
      join(folder, "node_modules/@bufbuild/protobuf"),
    );
    const program = join(kit, manifest.bin["protoc-gen-clue-mock"]);
    expect(await cli([], { command: [process.execPath, program] })).toEqual({
      exit: 1,
      stdout: "",
      stderr:
        "protoc-gen-clue-mock: @bufbuild/protoplugin is not installed. npm install --save-dev @bufbuild/protoplugin\n",
    });
  });
});
