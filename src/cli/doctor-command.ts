import type { Command } from "commander";
import { commandWith } from "./command.js";
import { type Examination, examine, type PackageFinding } from "./doctor/examine.js";
import { packageGroups } from "./doctor/groups.js";
import { usedEntries } from "./doctor/used-entries.js";
import { exitCodes, usageError } from "./failure.js";
import type { GlobalOptions } from "./global-options.js";
import { Screen } from "./screen.js";
import { tableOf } from "./table.js";

/**
 * `doctor [entry...]`: whether the packages are installed that connect-clue needs in the current folder. It asks no
 * server.
 *
 * @param signal - ends it
 * @param onExit - gets the exit code
 */
export function doctorCommand(signal: AbortSignal, onExit: (exitCode: number) => void): Command {
  return commandWith("doctor", "check the packages that connect-clue needs in the current folder", [
    "doctor",
    "doctor telemetry otlp",
    "doctor --json | jq -r 'select(.command).command'",
  ])
    .argument(
      "[entry...]",
      `entry points that are to be used, on top of those that the code imports: ${entryNames}`,
    )
    .action(async (entries: string[], _options: object, command: Command) => {
      for (const entry of entries) requireKnown(entry);
      const folder = process.cwd();
      const found = examine(folder, process.versions.node, new Set([...usedEntries(folder), ...entries]));
      const screen = new Screen(signal);
      if (command.optsWithGlobals<GlobalOptions>().json) await writeJson(screen, found);
      else await writeText(screen, found);
      onExit(found.command === "" && found.remarks.length === 0 ? exitCodes.ok : exitCodes.no);
    });
}

const entryNames = Object.keys(packageGroups).join(", ");

function requireKnown(entry: string): void {
  if (!Object.hasOwn(packageGroups, entry))
    throw usageError(`unknown entry point '${entry}'; known are ${entryNames}`);
}

async function writeJson(screen: Screen, { packages, remarks, node, command }: Examination): Promise<void> {
  for (const { name, version = "", neededBy, problem = "" } of packages) {
    await screen.json({ name, version, neededBy, problem });
  }
  for (const remark of remarks) await screen.json({ problem: remark });
  await screen.json({ node, command });
}

async function writeText(screen: Screen, found: Examination): Promise<void> {
  const { packages, remarks, node, line, command } = found;
  await screen.write(`Node ${node}: ${line}\n\n${tableOf(screen, columns, packages)}`);
  for (const remark of remarks) await screen.write(`\n${remark}`);
  if (command !== "") await screen.write(`\nThis installs what is missing or does not fit:\n${command}`);
  else if (remarks.length === 0) await screen.write("\nAll packages are there and fit together.");
}

const columns = [
  { heading: "PACKAGE", cell: ({ name }: PackageFinding) => name },
  { heading: "VERSION", cell: ({ version = "" }: PackageFinding) => version },
  { heading: "NEEDED BY", cell: ({ neededBy }: PackageFinding) => neededBy.join(", ") },
  { heading: "PROBLEM", cell: ({ problem = "" }: PackageFinding) => problem },
] as const;
