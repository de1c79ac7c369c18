import { type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Command, InvalidArgumentError } from "commander";
import {
  type DebugRule,
  DebugService,
  GetDebugLogsResponseSchema,
  type SetDebugLogsRequestSchema,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { commandWith, methodOption, type Run } from "./command.js";
import { formatDuration } from "./duration.js";
import { exitCodes } from "./failure.js";
import { durationOption } from "./global-options.js";
import type { Session } from "./session.js";
import { type Column, tableOf } from "./table.js";

interface RuleOptions {
  readonly method?: string;
  readonly header?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly ttl?: number;
}

/** `debug on`, `debug off` and `debug status`: what debug logs are on for. */
export function debugCommand(run: Run): Command {
  const set = (enabled: boolean) => (options: RuleOptions, command: Command) =>
    run(command, (session) => setRule(session, enabled, options));
  return new Command("debug")
    .description("switch debug logs on or off, for all calls or for some")
    .addCommand(
      ruleCommand("on", "switch debug logs on, for a while; calls in flight follow at once", [
        "debug on",
        "debug on --ttl 5m --method 'chat.v1.ChatService/*'",
        "debug on --header 'x-user: bob'",
      ])
        .option("--ttl <duration>", "how long (default: the server's, 15m)", durationOption)
        .action(set(true)),
    )
    .addCommand(
      ruleCommand("off", "remove the rule that says the same, or all rules", [
        "debug off",
        "debug off --method 'chat.v1.ChatService/*'",
      ]).action(set(false)),
    )
    .addCommand(
      commandWith("status", "show what debug logs are on for", [
        "debug status",
        "debug status --json",
      ]).action((_: object, command: Command) =>
        run(command, async (session) => {
          const { rules } = await session.client(DebugService).getDebugLogs({}, session.options);
          return await showRules(session, rules);
        }),
      ),
    );
}

function ruleCommand(name: string, description: string, examples: readonly string[]): Command {
  return commandWith(name, description, examples)
    .addOption(methodOption("only calls"))
    .option(
      "--header <name:value>",
      "only calls with this request header; again for more, all of them count",
      header,
    );
}

async function setRule(session: Session, enabled: boolean, options: RuleOptions): Promise<number> {
  const { method = "", header: headers = {}, ttl } = options;
  const request: MessageInitShape<typeof SetDebugLogsRequestSchema> = {
    enabled,
    method,
    headers: { ...headers },
  };
  if (ttl !== undefined) request.ttl = durationFromMs(ttl);
  const { rules } = await session.client(DebugService).setDebugLogs(request, session.options);
  return await showRules(session, rules);
}

async function showRules(session: Session, rules: DebugRule[]): Promise<number> {
  const { screen, isJson } = session;
  if (isJson) {
    const answer = { $typeName: GetDebugLogsResponseSchema.typeName, rules } as const;
    await screen.json(toJson(GetDebugLogsResponseSchema, answer, { alwaysEmitImplicit: true }));
  } else if (rules.length === 0) await screen.write("Debug logs are off.");
  else await screen.write(`Debug logs are on for:\n${tableOf(screen, columns, rules)}`);
  return exitCodes.ok;
}

const columns: readonly Column<DebugRule>[] = [
  { heading: "RULE", align: "right", cell: ({ id }) => `${id}` },
  { heading: "METHOD", cell: ({ method }) => method || "everything" },
  { heading: "HEADERS", cell: ({ headers }) => headersText(headers) },
  {
    heading: "ENDS IN",
    align: "right",
    cell: ({ expiresAt }) => (expiresAt ? timeLeft(timestampMs(expiresAt)) : ""),
  },
];

function timeLeft(expiresAtMs: number): string {
  return formatDuration(Math.ceil((expiresAtMs - Date.now()) / 1000) * 1000);
}

function headersText(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");
}

/** Adds `name: value` to the headers that came before. */
function header(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name = "", value = ""] = /^([^:\s]+):\s*(.*)$/s.exec(text) ?? [];
  if (name === "") throw new InvalidArgumentError("Expected 'name: value'.");
  const key = name.toLowerCase();
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError("Expected each header once.");
  return { ...before, [key]: value };
}
