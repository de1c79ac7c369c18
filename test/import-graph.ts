import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** One import, export-from, `import()` or `require()` of a source file. */
export interface Import {
  readonly specifier: string;
  /** True when the compiler erases it: `import type`, `export type`, `import("x").T`. */
  readonly typeOnly: boolean;
}

/** The condition under which package.json's `imports` are resolved. */
export type Condition = "node" | "default";

/** What package.json says, as far as the tests read it. */
export interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly imports: Readonly<Record<string, Readonly<Record<Condition, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, object>>;
}

/** The root of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The package.json of this package. */
export const manifest: Manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** The packages that a user of this package installs, the optional ones among them. */
export const peers: readonly string[] = [
  ...new Set([manifest.peerDependencies, manifest.peerDependenciesMeta].flatMap(Object.keys)),
];

/** Packages that are built into dist/: nobody has to install them. The command line's own are not among them. */
export const builtIn: readonly string[] = ["pprof-format"];

/** All source files below `dir` that are shipped, so no tests; paths from the root, with `/`. */
export function sourceFiles(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** The imports of one source file, in the order of the text. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found: Import[] = [];
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;

  function visit(node: ts.Node): void {
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.push({ specifier, typeOnly: isTypeOnly(node) });
    ts.forEachChild(node, visit);
  }
}

/**
 * The source file that an import of ours leads to.
 *
 * @returns undefined for an import of another package or of Node itself
 */
export function resolveImport(file: string, specifier: string, condition: Condition): string | undefined {
  if (specifier.startsWith(".")) return toSource(posix.join(dirname(file), specifier));
  if (!specifier.startsWith("#")) return undefined;
  const target = manifest.imports[specifier]?.[condition];
  if (target === undefined) throw new Error(`${file}: package.json has no import ${specifier}`);
  return builtFrom(target);
}

/** The source that a file of `dist` is built from. */
export function builtFrom(target: string): string {
  return toSource(target.replace(/^\.\/dist\//, ""));
}

/** All that is loaded at run time when `entry` is: our own files and the names of foreign modules. */
export function trace(entry: string, condition: Condition): { files: string[]; modules: string[] } {
  const files = new Set<string>([entry]);
  const modules = new Set<string>();
  for (const file of files) {
    for (const { specifier, typeOnly } of importsOf(file)) {
      if (typeOnly) continue;
      const target = resolveImport(file, specifier, condition);
      if (target === undefined) modules.add(specifier);
      else files.add(target);
    }
  }
  return { files: [...files].sort(), modules: [...modules].sort() };
}

/** The package that a specifier names: `@a/b/c` is of `@a/b`. Node's own modules stay as they are. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function toSource(path: string): string {
  return path.replace(/(\.d)?\.(js|ts)$/, ".ts");
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (ts.isCallExpression(node) && isLoader(node.expression)) return literal(node.arguments[0]);
  return undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isLoader(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require")
  );
}

// `import { type X } from "y"` is not type-only: verbatimModuleSyntax keeps it as `import {} from "y"`.
function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}
