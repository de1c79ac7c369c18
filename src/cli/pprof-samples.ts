import { gunzipSync } from "node:zlib";
import { type Line, Profile } from "pprof-format";
import type { Frame, StackSample } from "./top-functions.js";

/**
 * The samples of a profile in pprof's format, by the values that it shows first.
 *
 * @param file - gzipped
 * @throws Error when it is none
 */
export function pprofSamples(file: Uint8Array): StackSample[] {
  const profile = Profile.decode(gunzipSync(file));
  const index = valueIndex(profile);
  const stacks = stacksOf(profile);
  return profile.sample.map(({ locationId, value }) => ({
    stack: locationId.flatMap((id) => stacks.get(Number(id)) ?? []),
    value: Number(value[index] ?? 0),
  }));
}

/** The default, or else the last: as `go tool pprof` does it. */
function valueIndex({ sampleType, defaultSampleType }: Profile): number {
  const byDefault = sampleType.findIndex(({ type }) => Number(type) === Number(defaultSampleType));
  return byDefault >= 0 ? byDefault : sampleType.length - 1;
}

/** The frames of each location: several where functions were inlined. */
function stacksOf(profile: Profile): Map<number, Frame[]> {
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? "";
  const functions = new Map(profile.function.map((each) => [Number(each.id), each]));
  const frame = ({ functionId, line }: Line): Frame => {
    const called = functions.get(Number(functionId));
    const begin = Number(called?.startLine ?? 0);
    return { name: text(called?.name ?? 0), file: text(called?.filename ?? 0), line: begin || Number(line) };
  };
  return new Map(profile.location.map(({ id, line }) => [Number(id), line.map(frame)]));
}
