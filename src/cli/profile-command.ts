import { readFile } from "node:fs/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Argument, type Command, Option } from "commander";
import { type CaptureProfileRequestSchema, DebugService } from "../../gen/clue/debug/v1/debug_pb.js";
import { commandWith, type Run } from "./command.js";
import { exitCodes, Failure, reasonOf, usageError } from "./failure.js";
import { durationOption } from "./global-options.js";
import { PartFile } from "./part-file.js";
import {
  type FormatName,
  type KindName,
  type ProfileFormat,
  type ProfileKind,
  profileKinds,
} from "./profile-kinds.js";
import { jsonOf, textOf } from "./profile-summary.js";
import { Progress } from "./progress.js";
import type { Session } from "./session.js";
import { formatSize } from "./size.js";
import { type Summary, sumUp } from "./top-functions.js";

interface ProfileOptions {
  /** Milliseconds. */
  readonly duration?: number;
  readonly format?: FormatName;
  readonly out?: string;
  readonly force?: true;
  readonly acceptPause?: boolean;
}

/** `profile [kind]`: takes a profile of the server. */
export function profileCommand(run: Run): Command {
  return commandWith(
    "profile",
    "take a profile of the server, write it to a file, and show its top functions",
    [
      "profile",
      "profile cpu --duration 30s --format chrome --out slow.cpuprofile",
      "profile heap",
      "profile snapshot --accept-pause",
      "profile trace --duration 5s",
    ],
  )
    .addArgument(new Argument("[kind]", "what to look at").choices(Object.keys(profileKinds)).default("cpu"))
    .option("--duration <duration>", "how long to watch (default: the server's, 10s)", durationOption)
    .addOption(
      new Option("--format <format>", "of the file (default: pprof where there is one)").choices([
        "pprof",
        "chrome",
      ]),
    )
    .option("--out <file>", "the file's name (default: by kind and time)")
    .option("--force", "replace the file when it exists")
    .option("--accept-pause", "of a snapshot: the server may stand still while it is taken")
    .action((kind: KindName, options: ProfileOptions, command: Command) => {
      const format = formatOf(kind, options);
      return run(command, (session) => takeProfile(session, kind, format, options));
    });
}

async function takeProfile(
  session: Session,
  name: KindName,
  format: ProfileFormat,
  options: ProfileOptions,
): Promise<number> {
  const kind = profileKinds[name];
  // Not the server's name: so one that is taken is refused before anybody waits, and no server names files here.
  const path = options.out ?? `${fileTime(new Date())}.${format.extension}`;
  const request = requestOf(kind, format, options);
  const file = await PartFile.begin(path, options.force === true);
  let size: number;
  try {
    size = await capture(session, name, request, file);
    await file.complete();
  } finally {
    await file.discard();
  }
  const summary = await summaryOf(session, path, format);
  if (session.isJson) await session.screen.json(jsonOf(name, format.name, path, size, summary));
  else {
    await session.screen.write(`${path}: ${formatSize(size)}\nOpen it: ${format.open} ${path}`);
    if (kind.measures && summary) await session.screen.write(textOf(session.screen, kind.measures, summary));
  }
  return exitCodes.ok;
}

function formatOf(name: KindName, { format, acceptPause }: ProfileOptions): ProfileFormat {
  const { formats } = profileKinds[name];
  const found = format === undefined ? formats[0] : formats.find((each) => each.name === format);
  if (found === undefined)
    throw usageError(`--format: expected ${formats.map((each) => each.name).join(" or ")} for ${name}`);
  if (name === "snapshot" && !acceptPause) {
    throw usageError(
      "the server stands still while a snapshot is taken: --accept-pause says yes; profile heap is gentle",
    );
  }
  return found;
}

function requestOf(
  { kind }: ProfileKind,
  { format }: ProfileFormat,
  { duration, acceptPause = false }: ProfileOptions,
): MessageInitShape<typeof CaptureProfileRequestSchema> {
  const request = { kind, format, acceptPause };
  return duration === undefined ? request : { ...request, duration: durationFromMs(duration) };
}

/** Writes the profile to the file, and answers with its size. */
async function capture(
  session: Session,
  name: KindName,
  request: MessageInitShape<typeof CaptureProfileRequestSchema>,
  file: PartFile,
): Promise<number> {
  const { signal, timeoutMs } = session;
  const callOptions = timeoutMs === undefined ? { signal } : { signal, timeoutMs };
  const progress = new Progress(name);
  let size = 0;
  let isComplete = false;
  try {
    for await (const { event } of session.client(DebugService).captureProfile(request, callOptions)) {
      if (event.case === "progress") {
        const { elapsed, total } = event.value;
        progress.taking(elapsed ? durationMs(elapsed) : 0, total && durationMs(total));
      } else if (event.case === "chunk") {
        await file.write(event.value);
        size += event.value.length;
        progress.receiving(size);
      } else if (event.case === "done") isComplete = event.value.size === BigInt(size);
    }
  } finally {
    progress.end();
  }
  if (isComplete) return size;
  throw new Failure("the server has ended the profile before it was complete", exitCodes.serverError);
}

/** The file is there, whatever can't be read in it. */
async function summaryOf(
  session: Session,
  path: string,
  { samples }: ProfileFormat,
): Promise<Summary | undefined> {
  if (samples === undefined) return undefined;
  try {
    return sumUp(samples(await readFile(path)));
  } catch (error) {
    session.screen.note(`no summary, the profile can't be read: ${reasonOf(error)}`);
    return undefined;
  }
}

/** `2026-11-21T104301Z`: a colon is no part of a file name everywhere. */
function fileTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(":", "")}Z`;
}
