import { promisify } from "node:util";
import { gzip } from "node:zlib";
import {
  emptyTableToken,
  Label,
  Line,
  Location,
  Mapping,
  Function as PprofFunction,
  Profile,
  type ProfileInput,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";
import { type Frame, pathOf } from "./frames.js";

/** A kind of value in a profile, and its unit: `cpu` in `nanoseconds`. */
export type Measure = readonly [type: string, unit: string];

/** What stands in a profile beside its samples. */
export interface PprofMeta {
  /** Of the two values of each sample. */
  readonly measures: readonly [Measure, Measure];
  /** What a sample was taken of, and how often. */
  readonly periodType: Measure;
  readonly period: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly comments?: readonly string[];
}

/** Puts a profile for `go tool pprof` together. */
export class Pprof {
  private readonly strings = new StringTable();
  private readonly functions: PprofFunction[] = [];
  private readonly locations: Location[] = [];
  private samples: Sample[] = [];
  private readonly encoded: Uint8Array[] = [];
  private readonly ids = new Map<string, number>();

  /** The id of a frame's location: the same for the same function. */
  locationId({ functionName, url, lineNumber, columnNumber }: Frame): number {
    const key = `${functionName}\n${url}\n${lineNumber}\n${columnNumber}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.locations.length + 1;
    this.ids.set(key, id);
    // V8 counts lines from 0, and has -1 for what is in no file.
    const line = lineNumber + 1;
    const name = this.strings.dedup(functionName || "(anonymous)");
    const filename = this.strings.dedup(pathOf(url));
    this.functions.push(new PprofFunction({ id, name, systemName: name, filename, startLine: line }));
    this.locations.push(new Location({ id, mappingId: 1, line: [new Line({ functionId: id, line })] }));
    return id;
  }

  /**
   * Adds a sample.
   *
   * @param locationId - the locations of its stack, the innermost first
   * @param value - as the measures say
   */
  add(locationId: number[], value: [number, number], labels: Readonly<Record<string, string>> = {}): void {
    const label = Object.entries(labels).map(
      ([key, text]) => new Label({ key: this.strings.dedup(key), str: this.strings.dedup(text) }),
    );
    this.samples.push(new Sample({ locationId, value, label }));
    if (this.samples.length === samplesAtOnce) this.encodeSamples();
  }

  /** The profile as a file: encoded and gzipped. The default measure is the second one. */
  async encode(meta: PprofMeta): Promise<Uint8Array> {
    this.encodeSamples();
    const rest = await new Profile(this.rest(meta)).encodeAsync();
    return promisify(gzip)(Buffer.concat([...this.encoded, rest]));
  }

  /** Protobuf messages that are put one behind the other are one message: so, no part of the encoding takes long. */
  private encodeSamples(): void {
    const part = new Profile({ sample: this.samples, stringTable: new StringTable(emptyTableToken) });
    this.encoded.push(part.encode());
    this.samples = [];
  }

  private rest(meta: PprofMeta): ProfileInput {
    const { strings } = this;
    const valueType = ([type, unit]: Measure) =>
      new ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });
    // Saying that all is known keeps pprof from looking for a binary to find names in.
    const known = { hasFunctions: true, hasFilenames: true, hasLineNumbers: true };
    return {
      sampleType: meta.measures.map(valueType),
      mapping: [new Mapping({ id: 1, filename: strings.dedup(process.title), ...known })],
      location: this.locations,
      function: this.functions,
      stringTable: strings,
      timeNanos: BigInt(Math.round(meta.startedAtMs)) * 1_000_000n,
      durationNanos: Math.round(meta.durationMs * 1e6),
      periodType: valueType(meta.periodType),
      period: meta.period,
      comment: (meta.comments ?? []).map((comment) => strings.dedup(comment)),
      defaultSampleType: strings.dedup(meta.measures[1][0]),
    };
  }
}

const samplesAtOnce = 500;
