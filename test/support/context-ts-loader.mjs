/**
 * Lets a child process of a test run the sources: `node --import <this file> script.ts`. It compiles each
 * file on its own and resolves imports as vitest.config.ts does.
 */
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";

if (!import.meta.url.includes("?hooks")) register(`${import.meta.url}?hooks`);

const src = new URL("../../src/", import.meta.url).href;
const ours = {
  "#platform": `${src}platform/node.ts`,
  "connect-clue": `${src}index.ts`,
  "connect-clue/node": `${src}node/index.ts`,
};

/** The resolve hook of Node: relative imports of `.js` are `.ts` here. */
export function resolve(specifier, context, next) {
  if (Object.hasOwn(ours, specifier)) return { url: ours[specifier], format: "module", shortCircuit: true };
  const fromSource = context.parentURL?.endsWith(".ts") === true && specifier.startsWith(".");
  return next(fromSource ? specifier.replace(/\.js$/, ".ts") : specifier, context);
}

/** The load hook of Node: compiles TypeScript. */
export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { default: ts } = await import("typescript");
  const text = await readFile(fileURLToPath(url), "utf8");
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
  });
  return { format: "module", source: outputText, shortCircuit: true };
}
