/** Profiles, as somebody else's tools read them. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { captureProfile } from "../../src/debug/profile/capture-profile.js";
import type { ProfileRequest } from "../../src/debug/profile/types.js";
import { buf } from "./corner-protos.js";

/**
 * The file of a profile that is taken while `work` is done again and again.
 *
 * V8 shows functions that it has inlined into their callers, before the profile, as part of those. Generators it never
 * inlines: what is to be found again had best be one.
 */
export async function profileFile(
  request: ProfileRequest,
  work: () => unknown = () => undefined,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let working: Promise<void> | undefined;
  for await (const event of captureProfile(request, { signal: new AbortController().signal })) {
    if (event.type === "chunk") chunks.push(event.bytes);
    else if (event.type === "progress") working ??= workFor(event.totalMs ?? 0, work);
  }
  await working;
  return Buffer.concat(chunks);
}

async function workFor(ms: number, work: () => unknown): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    await new Promise((resolve) => setImmediate(resolve));
    await work();
  }
}

/** Keeps the event loop from everything else. */
export function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A pprof profile with its names in place. */
export interface ReadPprof {
  /** `cpu/nanoseconds` */
  readonly measures: readonly string[];
  readonly defaultMeasure: string;
  readonly period: string;
  readonly timeNanos: bigint;
  readonly durationNanos: number;
  readonly comments: readonly string[];
  readonly samples: readonly ReadSample[];
}

/** A sample with its stack, the innermost frame first. */
export interface ReadSample {
  readonly stack: readonly ReadFrame[];
  readonly values: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ReadFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly startLine: number;
}

/** Reads a profile with buf, by the proto file of pprof. */
export async function readPprof(file: Buffer): Promise<ReadPprof> {
  return withFile(gunzipSync(file), async (path) => {
    const from = `${path}#format=binpb`;
    const json = await buf(
      "convert",
      "test/pprof/profile.proto",
      `--type=${type}`,
      `--from=${from}`,
      "--to=-#format=json",
    );
    return namesInPlace(JSON.parse(json.toString()));
  });
}

/** What `go tool pprof` prints of a profile; undefined, with a line that says so, where there is no Go. */
export async function goPprof(file: Buffer, ...flags: string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)("go", ["version"]);
  } catch {
    console.info("skipped: go is not installed, so `go tool pprof` cannot be asked");
    return undefined;
  }
  return withFile(
    file,
    async (path) => (await promisify(execFile)("go", ["tool", "pprof", ...flags, path])).stdout,
  );
}

const type = "perftools.profiles.Profile";

async function withFile<T>(content: Buffer, use: (path: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "pprof-"));
  try {
    const path = join(dir, "profile");
    writeFileSync(path, content);
    return await use(path);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** As protobuf's JSON has it: what is zero is left out, 64-bit numbers are texts. */
interface JsonProfile {
  readonly sampleType: readonly JsonValueType[];
  readonly sample?: readonly {
    readonly locationId: readonly string[];
    readonly value: readonly string[];
    readonly label?: readonly { readonly key: string; readonly str: string }[];
  }[];
  readonly location?: readonly {
    readonly id: string;
    readonly line: readonly { functionId: string; line?: string }[];
  }[];
  readonly function?: readonly { readonly id: string; name: string; filename?: string; startLine?: string }[];
  readonly stringTable: readonly string[];
  readonly timeNanos: string;
  readonly durationNanos: string;
  readonly periodType: JsonValueType;
  readonly period: string;
  readonly comment?: readonly string[];
  readonly defaultSampleType: string;
}

interface JsonValueType {
  readonly type: string;
  readonly unit: string;
}

function namesInPlace(json: JsonProfile): ReadPprof {
  const text = (index = "0") => known(json.stringTable[Number(index)]);
  const measure = ({ type, unit }: JsonValueType) => `${text(type)}/${text(unit)}`;
  const functions = new Map(json.function?.map((each) => [each.id, each]));
  const frames = new Map(
    json.location?.map(({ id, line: [line] }) => {
      const { name, filename, startLine } = known(functions.get(known(line).functionId));
      const lines = { line: Number(line?.line ?? 0), startLine: Number(startLine ?? 0) };
      return [id, { name: text(name), file: text(filename), ...lines }];
    }),
  );
  return {
    measures: json.sampleType.map(measure),
    defaultMeasure: text(json.defaultSampleType),
    period: `${json.period} ${measure(json.periodType)}`,
    timeNanos: BigInt(json.timeNanos),
    durationNanos: Number(json.durationNanos),
    comments: json.comment?.map((index) => text(index)) ?? [],
    samples: (json.sample ?? []).map(({ locationId, value, label = [] }) => ({
      stack: locationId.map((id) => known(frames.get(id))),
      values: value.map(Number),
      labels: Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)])),
    })),
  };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the profile refers to something that it does not have");
  return value;
}
