import { Command, CommanderError } from "commander";
import { scopeVersion } from "../call/scope.js";
import { doctorCommand } from "./doctor-command.js";
import { exitCodes, Failure } from "./failure.js";
import { addGlobalOptions } from "./global-options.js";
import { interruption } from "./interruption.js";

/**
 * Runs the program.
 *
 * @param argv - as `process.argv`
 * @returns the exit code
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const signal = interruption();
  let exitCode: number = exitCodes.ok;
  const onExit = (code: number): void => {
    exitCode = code;
  };
  const commands = [doctorCommand(signal, onExit)];
  // The doctor looks for the packages that the other commands can't be loaded without.
  if (argv[2] !== "doctor") {
    const { serviceCommands } = await import("./service-commands.js");
    commands.unshift(...serviceCommands(signal, onExit));
  }
  try {
    await programOf(commands).parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) throw error;
    if (error.message !== "") process.stderr.write(`connect-clue: ${error.message}\n`);
    return error.exitCode;
  }
}

function programOf(commands: readonly Command[]): Command {
  const program = new Command("connect-clue")
    .description("Looks into a running service that mounts connect-clue's debug service.")
    .version(scopeVersion)
    .addHelpText("after", `\n${exitCodeHelp}\n\nExamples:\n${examples}`);
  addGlobalOptions(program);
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap(({ commands }) => commands)]) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, "connect-clue:")) });
  }
  return program;
}

const exitCodeHelp = `Exit codes:
  0    done; of health: SERVING
  1    the answer is no: not SERVING, no such call, or packages that are missing or do not fit
  2    wrong usage, a file that can't be read or written, or a package that is missing
  3    the server can't be reached, does not answer in time, or goes away
  4    the server refuses: no token, or a wrong one
  5    any other error of the server
  130  ended by Ctrl-C (143 by SIGTERM)`;

const examples = `  $ export CLUE_DEBUG_ADDR=chat.internal:8080 CLUE_DEBUG_TOKEN=...
  $ npx connect-clue debug on --ttl 5m --method 'chat.v1.*'
  $ npx connect-clue tail
  $ npx connect-clue profile cpu --duration 10s
  $ npx connect-clue doctor`;
