import { format } from "node:util";
import type { DiagLogger } from "@opentelemetry/api";
import type { Logger } from "../log/index.js";

/**
 * Writes OpenTelemetry's own diagnostics, and those of the kit, to a log. They are `printf` forms, as the console's are.
 *
 * @param log - asked for each line: a root logger may be made later
 */
export function diagLogger(log: () => Logger): DiagLogger {
  const line = (write: (log: Logger, message: unknown, args: readonly unknown[]) => void) => {
    return (message: string, ...args: unknown[]) => {
      // A sink that fails reports it through here, and would hear of that in turn.
      if (writing) return console.error(format(message, ...args));
      writing = true;
      try {
        write(log().with(origin), message, args);
      } catch (error) {
        console.error(format(message, ...args), error);
      } finally {
        writing = false;
      }
    };
  };
  const error = line((to, message, args) => {
    const thrown = [message, ...args].find((part) => part instanceof Error);
    const others = args.filter((arg) => arg !== thrown);
    to.errorf(thrown, message === thrown ? "OpenTelemetry failed" : text(message), ...others);
  });
  const warn = line((to, message, args) => to.warnf(text(message), ...args));
  // Who asks for more than that has said so: such lines are not to hang on the log's own debug.
  const info = line((to, message, args) => to.infof(text(message), ...args));
  return { error, warn, info, debug: info, verbose: info };
}

/** Whether what is being written to a log are diagnostics. Sent through OpenTelemetry, they could feed themselves. */
export function writingDiagnostics(): boolean {
  return writing;
}

let writing = false;

const origin = { from: "opentelemetry" };

function text(message: unknown): string {
  return typeof message === "string" ? message : format(message);
}
