import { Command, Option } from "commander";
import type { Session } from "./session.js";

/** Runs a command's work over a connection, as the options of all commands say. */
export type Run = (command: Command, work: (session: Session) => Promise<number>) => Promise<void>;

/**
 * A command with examples in its help.
 *
 * @param examples - command lines, without `npx connect-clue`
 */
export function commandWith(name: string, description: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ npx connect-clue ${example}`);
  return new Command(name).description(description).addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

/** Chooses methods, as the debug service does it. */
export function methodOption(what: string): Option {
  return new Option("--method <glob>", `${what} of these methods: pkg.Service/Method, * for any characters`);
}
