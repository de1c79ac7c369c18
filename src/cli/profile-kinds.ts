import {
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { cpuProfileSamples, heapProfileSamples } from "./chrome-samples.js";
import { formatDuration } from "./duration.js";
import { pprofSamples } from "./pprof-samples.js";
import { formatSize } from "./size.js";
import type { StackSample } from "./top-functions.js";

/** The names of the kinds, as they are typed. */
export type KindName = "cpu" | "heap" | "snapshot" | "trace";

/** The names of the formats, as they are typed. */
export type FormatName = "pprof" | "chrome";

/** A kind of profile. */
export interface ProfileKind {
  readonly kind: Kind;
  /** What it measures, and in which unit; undefined for what has no functions to sum up. */
  readonly measures?: { readonly what: string; readonly format: (value: number) => string };
  /** Its formats, the default first. */
  readonly formats: readonly ProfileFormat[];
}

/** A format of a kind of profile. */
export interface ProfileFormat {
  readonly name: FormatName;
  readonly format: Format;
  /** What file names end in. */
  readonly extension: string;
  /** How to look into the file, before its name. */
  readonly open: string;
  /** Reads the samples in it. */
  readonly samples?: (file: Uint8Array) => StackSample[];
}

const cpuTime = { what: "CPU time", format: (nanos: number) => formatDuration(nanos / 1e6) };
const memory = { what: "memory in use", format: formatSize };
const pprof = {
  name: "pprof",
  format: Format.PPROF,
  open: "go tool pprof -http=:",
  samples: pprofSamples,
} as const;
const chrome = { name: "chrome", format: Format.CHROME } as const;

/** The kinds by name. */
export const profileKinds: Readonly<Record<KindName, ProfileKind>> = {
  cpu: {
    kind: Kind.CPU,
    measures: cpuTime,
    formats: [
      { ...pprof, extension: "cpu.pb.gz" },
      {
        ...chrome,
        extension: "cpuprofile",
        open: "Chrome's developer tools, Performance, Load profile:",
        samples: cpuProfileSamples,
      },
    ],
  },
  heap: {
    kind: Kind.HEAP_SAMPLING,
    measures: memory,
    formats: [
      { ...pprof, extension: "heap.pb.gz" },
      {
        ...chrome,
        extension: "heapprofile",
        open: "Chrome's developer tools, Memory, Load profile:",
        samples: heapProfileSamples,
      },
    ],
  },
  snapshot: {
    kind: Kind.HEAP_SNAPSHOT,
    formats: [
      { ...chrome, extension: "heapsnapshot", open: "Chrome's developer tools, Memory, Load profile:" },
    ],
  },
  trace: {
    kind: Kind.TRACE,
    formats: [{ ...chrome, extension: "trace.json", open: "Perfetto, Open trace file:" }],
  },
};
