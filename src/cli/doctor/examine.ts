import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { satisfies } from "semver";
import { packageGroups, requiredPackages } from "./groups.js";
import { copiesOf, installedVersions } from "./installed.js";
import { lineOf, wantedVersion } from "./lines.js";

/** A package that the project needs. */
export interface PackageFinding {
  readonly name: string;
  /** Entry points and programs; `connect-clue` for what every part needs. */
  readonly neededBy: readonly string[];
  /** Undefined when it is not installed. */
  readonly version: string | undefined;
  /** Undefined when it is fine. */
  readonly problem: string | undefined;
  /** What to install: `2.3`. */
  readonly wanted: string;
}

/** What was found in a project. */
export interface Examination {
  readonly node: string;
  /** The line of packages that fits. */
  readonly line: string;
  readonly packages: readonly PackageFinding[];
  /** Sentences about other problems. */
  readonly remarks: readonly string[];
  /** Installs what is missing and what does not fit; empty when there is no such package. */
  readonly command: string;
}

/**
 * Looks at what is installed for a folder.
 *
 * @param node - Node's version: `24.21.0`
 * @param entries - what is used of connect-clue: keys of {@link packageGroups}
 */
export function examine(folder: string, node: string, entries: Iterable<string>): Examination {
  const users = usersOf(entries);
  const needed = [...users.keys()];
  const installed = installedVersions(folder, [...needed, "@opentelemetry/sdk-trace-node"]);
  const line = lineOf(node, installed);
  const packages = [...users].map(([name, neededBy]): PackageFinding => {
    const version = installed.get(name);
    const { range, version: wanted, reason } = wantedVersion(name, line, needed, installed);
    return { name, neededBy, version, problem: problemOf(version, range, reason), wanted };
  });
  return {
    node,
    line: line.name,
    packages,
    remarks: [...nodeRemarks(node), ...copyRemarks(folder)],
    command: commandFor(folder, packages),
  };
}

/** By package, who needs it. */
function usersOf(entries: Iterable<string>): Map<string, string[]> {
  const users = new Map<string, string[]>(requiredPackages.map((name) => [name, ["connect-clue"]]));
  for (const entry of [...entries].sort()) {
    for (const name of packageGroups[entry] ?? []) users.set(name, [...(users.get(name) ?? []), entry]);
  }
  return new Map([...users].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function problemOf(
  version: string | undefined,
  range: string,
  reason: string | undefined,
): string | undefined {
  if (version === undefined) return "missing";
  // Pre-releases count as what they precede.
  if (satisfies(version, range, { includePrerelease: true })) return undefined;
  return `does not fit: ${reason ?? `connect-clue works with ${range}`}`;
}

function nodeRemarks(node: string): string[] {
  return satisfies(node, ">=20.19.0") ? [] : [`Node ${node} is too old: connect-clue needs 20.19 or later.`];
}

function copyRemarks(folder: string): string[] {
  return ["@opentelemetry/api", "connect-clue"].flatMap((name) => {
    const copies = copiesOf(folder, name);
    if (copies.length < 2) return [];
    const paths = copies.map((path) => relative(folder, path)).join(", ");
    return [
      `There are ${copies.length} copies of ${name}, which do not share their state: ${paths}. ${dedupeHint}`,
    ];
  });
}

const dedupeHint = "`npm dedupe` or `npm explain` of the package helps.";

function commandFor(folder: string, packages: readonly PackageFinding[]): string {
  const specs = packages
    .filter(({ problem }) => problem !== undefined)
    .map(({ name, wanted }) => `${name}@${wanted}`);
  if (specs.length === 0) return "";
  return `${installerOf(folder)} ${specs.join(" ")}`;
}

function installerOf(folder: string): string {
  if (existsSync(join(folder, "pnpm-lock.yaml"))) return "pnpm add";
  return existsSync(join(folder, "yarn.lock")) ? "yarn add" : "npm install";
}
