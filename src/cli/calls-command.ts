import type { MessageInitShape } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Command, Option } from "commander";
import {
  type CallSummary,
  CallSummarySchema,
  DebugService,
  CallSummary_Kind as Kind,
  type ListCallsRequestSchema,
  Side,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { commandWith, methodOption, type Run } from "./command.js";
import { durationText } from "./duration.js";
import { exitCodes } from "./failure.js";
import { durationOption } from "./global-options.js";
import type { Session } from "./session.js";
import { type Column, tableOf } from "./table.js";

interface CallsOptions {
  readonly method?: string;
  /** Milliseconds. */
  readonly minAge?: number;
  readonly side?: keyof typeof sides;
}

/** `calls`: the calls in flight. */
export function callsCommand(run: Run): Command {
  return commandWith("calls", "list the calls in flight, oldest first", [
    "calls",
    "calls --min-age 10s --method 'chat.v1.*'",
    "calls --json | jq -r 'select(.clientGone).id'",
  ])
    .addOption(methodOption("only calls"))
    .option("--min-age <duration>", "only calls that began at least so long ago", durationOption)
    .addOption(new Option("--side <side>", "only those of this side").choices(["server", "client"]))
    .action((options: CallsOptions, command: Command) =>
      run(command, (session) => listCalls(session, options)),
    );
}

/** Page by page: so no answer is too large, for the server or for this side. */
async function listCalls(session: Session, options: CallsOptions): Promise<number> {
  const { screen, isJson } = session;
  const client = session.client(DebugService);
  const request = requestOf(options);
  let count = 0;
  do {
    const { calls, nextPageToken } = await client.listCalls(request, session.options);
    if (isJson) for (const call of calls) await screen.json(toJson(CallSummarySchema, call, implicit));
    else if (calls.length > 0) await screen.write(tableOf(screen, columns, calls));
    count += calls.length;
    request.pageToken = nextPageToken;
  } while (request.pageToken !== "");
  if (count === 0 && !isJson) await screen.write("No calls in flight.");
  return exitCodes.ok;
}

const implicit = { alwaysEmitImplicit: true };
const sides = { server: Side.SERVER, client: Side.CLIENT } as const;

function requestOf({ method = "", minAge, side }: CallsOptions): ListCallsInit {
  const request: ListCallsInit = { pageSize: 1000, pageToken: "", method };
  if (minAge !== undefined) request.minAge = durationFromMs(minAge);
  if (side !== undefined) request.side = sides[side];
  return request;
}

type ListCallsInit = MessageInitShape<typeof ListCallsRequestSchema> & { pageToken: string };

const kinds: Readonly<Record<Kind, string>> = {
  [Kind.KIND_UNSPECIFIED]: "",
  [Kind.UNARY]: "unary",
  [Kind.CLIENT_STREAMING]: "client stream",
  [Kind.SERVER_STREAMING]: "server stream",
  [Kind.BIDI_STREAMING]: "bidi stream",
};

const columns: readonly Column<CallSummary>[] = [
  { heading: "ID", align: "right", cell: ({ id }) => `${id}` },
  { heading: "METHOD", cell: ({ method }) => method },
  { heading: "KIND", cell: ({ kind }) => kinds[kind] ?? "" },
  { heading: "SIDE", cell: ({ side }) => Side[side]?.toLowerCase() ?? "" },
  { heading: "AGE", align: "right", cell: ({ age }) => durationText(age) },
  { heading: "QUIET FOR", align: "right", cell: ({ sinceLastMessage }) => durationText(sinceLastMessage) },
  { heading: "IN", align: "right", cell: ({ received }) => `${received}` },
  { heading: "OUT", align: "right", cell: ({ sent }) => `${sent}` },
  { heading: "LINES HELD", align: "right", cell: ({ linesBuffered }) => `${linesBuffered}` },
  { heading: "PEER", cell: ({ peer }) => peer },
  { heading: "REQUEST ID", cell: ({ requestId }) => requestId },
  { heading: "NOTE", cell: ({ clientGone }) => (clientGone ? "client gone, handler still running" : "") },
];
