import type { Command } from "commander";
import { callsCommand } from "./calls-command.js";
import type { Run } from "./command.js";
import { debugCommand } from "./debug-command.js";
import { flushCommand } from "./flush-command.js";
import type { GlobalOptions } from "./global-options.js";
import { healthCommand } from "./health-command.js";
import { profileCommand } from "./profile-command.js";
import { runtimeCommand } from "./runtime-command.js";
import { withSession } from "./session.js";
import { tailCommand } from "./tail-command.js";

/**
 * The commands that ask a service. They need packages that may be missing.
 *
 * @param signal - ends the command that runs
 * @param onExit - gets its exit code
 */
export function serviceCommands(signal: AbortSignal, onExit: (exitCode: number) => void): Command[] {
  const run: Run = async (command, work) => {
    onExit(await withSession(command.optsWithGlobals<GlobalOptions>(), signal, work));
  };
  return [
    debugCommand(run),
    callsCommand(run),
    tailCommand(run),
    flushCommand(run),
    profileCommand(run),
    healthCommand(run),
    runtimeCommand(run),
  ];
}
