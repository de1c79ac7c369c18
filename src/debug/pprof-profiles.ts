import {
  type CaptureProfileRequestSchema,
  DebugService,
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../gen/clue/debug/v1/debug_pb.js";
import type { HttpAnswer } from "../call/http-handler.js";
import { durationOf } from "./durations.js";
import { type Asked, badQuery, type GatedGet } from "./http-gate.js";
import { captureProfile } from "./profile/capture-profile.js";
import { checkedProfile } from "./profile/profile-request.js";
import type { ProfileEvent } from "./profile/types.js";

/** A profile that has a page. */
export interface PprofProfile {
  readonly name: string;
  readonly about: string;
  readonly kind: Kind;
  /** A heap profile of all that was allocated. */
  readonly includeCollected?: boolean;
  /** How long it takes, in seconds, when the query doesn't say; undefined where it takes no time of its own. */
  readonly seconds?: number;
  /** Its format for Chrome's developer tools: a value of `format`, and the end of the file's name. */
  readonly chrome: string;
}

/** The profiles, named as Go names them where it has them. */
export const profiles: readonly PprofProfile[] = [
  {
    name: "profile",
    about: "what the process computes, by stack",
    kind: Kind.CPU,
    seconds: 30,
    chrome: "cpuprofile",
  },
  {
    name: "heap",
    about: "what allocates memory, from now on, that is in use at the end",
    kind: Kind.HEAP_SAMPLING,
    seconds: 10,
    chrome: "heapprofile",
  },
  {
    name: "allocs",
    about: "what allocates memory, from now on, whether or not it is still in use at the end",
    kind: Kind.HEAP_SAMPLING,
    includeCollected: true,
    seconds: 10,
    chrome: "heapprofile",
  },
  {
    name: "snapshot",
    about: "all objects in memory; the process stands still, and needs many times its heap",
    kind: Kind.HEAP_SNAPSHOT,
    chrome: "heapsnapshot",
  },
  {
    name: "trace",
    about: "what V8 and Node note of their own work, as trace events",
    kind: Kind.TRACE,
    seconds: 1,
    chrome: "json",
  },
];

/** What takes a profile and sends it as a file, as `CaptureProfile` does. Who leaves stops it. */
export function profileGet(profile: PprofProfile, maxDurationMs: number): GatedGet<CaptureProfileSchema> {
  return {
    method: DebugService.method.captureProfile,
    request: (query) => {
      const ms = query.has("seconds") ? queriedMs(query) : defaultMs(profile, maxDurationMs);
      return {
        kind: profile.kind,
        includeCollected: profile.includeCollected ?? false,
        format: formatOf(profile, query) ?? Format.FORMAT_UNSPECIFIED,
        acceptPause: ["", "1", "true"].includes(query.get("accept-pause") ?? "no"),
        ...(ms !== undefined && { duration: durationOf(ms) }),
      };
    },
    answer: (asked) => answer(profile, maxDurationMs, asked),
  };
}

/** The `seconds` of a query in milliseconds; undefined when they are no good. */
export function queriedMs(query: URLSearchParams): number | undefined {
  const ms = Number(query.get("seconds")) * 1000;
  return ms > 0 && ms < Number.MAX_SAFE_INTEGER ? ms : undefined;
}

type CaptureProfileSchema = typeof CaptureProfileRequestSchema;

async function answer(
  profile: PprofProfile,
  maxDurationMs: number,
  { request, query, isHead, client }: Asked<CaptureProfileSchema>,
): Promise<HttpAnswer> {
  checkQuery(profile, query);
  const checked = checkedProfile(request, { maxDurationMs });
  const fileName = `${profile.name}.${checked.format === "pprof" ? "pb.gz" : profile.chrome}`;
  const headers = {
    "cache-control": "no-store",
    "content-disposition": `attachment; filename="${fileName}"`,
    "content-type": "application/octet-stream",
    "x-content-type-options": "nosniff",
  };
  const chunks = isHead ? nothing() : chunksOf(captureProfile(checked, { signal: client }));
  return { status: 200, headers, body: await begun(chunks) };
}

function checkQuery(profile: PprofProfile, query: URLSearchParams): void {
  if (query.has("seconds") && queriedMs(query) === undefined) {
    throw badQuery("seconds", "a number above 0", query.get("seconds"));
  }
  if (formatOf(profile, query) === undefined) {
    throw badQuery("format", `pprof or ${profile.chrome}`, query.get("format"));
  }
}

function formatOf({ chrome }: PprofProfile, query: URLSearchParams): Format | undefined {
  const format = query.get("format");
  if (format === null) return Format.FORMAT_UNSPECIFIED;
  if (format === "pprof") return Format.PPROF;
  return format === chrome ? Format.CHROME : undefined;
}

function defaultMs({ seconds }: PprofProfile, maxDurationMs: number): number | undefined {
  return seconds === undefined ? undefined : Math.min(seconds * 1000, maxDurationMs);
}

async function* chunksOf(events: AsyncIterable<ProfileEvent>): AsyncGenerator<Uint8Array> {
  for await (const event of events) if (event.type === "chunk") yield event.bytes;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Waits for the first piece: what goes wrong before it becomes an answer of its own, with a status. */
async function begun(pieces: AsyncGenerator<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const first = await pieces.next();
  return (async function* () {
    try {
      if (first.done !== true) yield first.value;
      yield* pieces;
    } finally {
      await pieces.return(undefined);
    }
  })();
}
