import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Command, Option } from "commander";
import { DebugService, type LogLine, LogLineSchema, Severity } from "../../gen/clue/debug/v1/debug_pb.js";
import { logfmtKey, logfmtText, safeText } from "../call/logfmt.js";
import { commandWith, methodOption, type Run } from "./command.js";
import { countOf } from "./count.js";
import { exitCodes, Failure } from "./failure.js";
import type { Screen, Style } from "./screen.js";
import { openEnd, type Session } from "./session.js";

interface TailOptions {
  readonly method?: string;
  readonly severity?: keyof typeof severities;
  readonly includeBuffered?: true;
}

/** `tail`: the log as it is written. */
export function tailCommand(run: Run): Command {
  return commandWith("tail", "show log lines as they are written, until Ctrl-C or --timeout", [
    "tail",
    "tail --severity warn --method 'chat.v1.*'",
    "tail --include-buffered --timeout 30s --json > lines.json",
  ])
    .addOption(methodOption("only lines"))
    .addOption(
      new Option("--severity <severity>", "only lines that matter so much or more").choices(
        Object.keys(severities),
      ),
    )
    .option(
      "--include-buffered",
      "also the lines that calls hold back: those held back now, and others as they are logged",
    )
    .action((options: TailOptions, command: Command) => run(command, (session) => tail(session, options)));
}

async function tail(session: Session, options: TailOptions): Promise<number> {
  const { screen, isJson } = session;
  const { method = "", severity, includeBuffered = false } = options;
  const request = {
    method,
    includeBuffered,
    severity: severity === undefined ? Severity.SEVERITY_UNSPECIFIED : severities[severity],
  };
  return await openEnd(session, async (signal) => {
    for await (const { event } of session.client(DebugService).tailLogs(request, { signal })) {
      if (event.case === "lost") screen.note(lostText(event.value));
      else if (event.case === "line") {
        if (isJson) await screen.json(toJson(LogLineSchema, event.value, { alwaysEmitImplicit: true }));
        else await screen.write(lineText(screen, event.value));
      }
    }
    throw new Failure("the server has ended the stream", exitCodes.unreachable);
  });
}

const severities = {
  debug: Severity.DEBUG,
  info: Severity.INFO,
  warn: Severity.WARN,
  error: Severity.ERROR,
} as const;

const looks: Readonly<Record<Severity, { readonly name: string; readonly style: Style }>> = {
  [Severity.SEVERITY_UNSPECIFIED]: { name: "     ", style: "reset" },
  [Severity.DEBUG]: { name: "DEBUG", style: "gray" },
  [Severity.INFO]: { name: "INFO ", style: "blue" },
  [Severity.WARN]: { name: "WARN ", style: "yellow" },
  [Severity.ERROR]: { name: "ERROR", style: ["bold", "red"] },
};

/** `10:43:01.123Z WARN  #7 is slow ms=120 (held back)`: nothing in it can steer the terminal. */
function lineText(
  screen: Screen,
  { time, severity, message, fields = {}, callId, buffered }: LogLine,
): string {
  const { name, style } = looks[severity] ?? looks[Severity.SEVERITY_UNSPECIFIED];
  const parts = [
    time === undefined ? "" : screen.styled("dim", new Date(timestampMs(time)).toISOString().slice(11)),
    screen.styled(style, name),
    callId === 0n ? "" : `#${callId}`,
    safeText(message),
    ...Object.entries(fields).map(
      ([key, value]) => `${screen.styled(style, logfmtKey(key))}=${logfmtText(valueText(value))}`,
    ),
    buffered ? screen.styled("dim", "(held back)") : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function valueText(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function lostText(lines: bigint): string {
  return `${countOf(lines, "line")} ${lines === 1n ? "was" : "were"} lost here, as this side did not keep up`;
}
