import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  CaptureProfileRequestSchema,
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../../gen/clue/debug/v1/debug_pb.js";
import { checkedProfile } from "./profile-request.js";

type Init = MessageInitShape<typeof CaptureProfileRequestSchema>;

const { CPU, HEAP_SAMPLING, HEAP_SNAPSHOT, TRACE } = Kind;
const { PPROF, CHROME } = Format;

function checked(init: Init, maxDurationMs = 300_000) {
  return checkedProfile(create(CaptureProfileRequestSchema, init), { maxDurationMs });
}

function refused(init: Init, maxDurationMs?: number): string {
  try {
    return JSON.stringify(checked(init, maxDurationMs));
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return `${Code[error.code]}: ${error.rawMessage}`;
  }
}

function seconds(s: bigint, nanos = 0) {
  return { duration: { seconds: s, nanos } };
}

describe("a request for a profile", () => {
  it.each<[Init, ReturnType<typeof checked>]>([
    [{ kind: CPU }, { kind: "cpu", format: "pprof", durationMs: 10_000 }],
    [
      { kind: CPU, format: CHROME },
      { kind: "cpu", format: "chrome", durationMs: 10_000 },
    ],
    [
      { kind: CPU, acceptPause: true },
      { kind: "cpu", format: "pprof", durationMs: 10_000 },
    ],
    [
      { kind: CPU, ...seconds(300n) },
      { kind: "cpu", format: "pprof", durationMs: 300_000 },
    ],
    [
      { kind: HEAP_SAMPLING, format: PPROF, ...seconds(0n, 1_500_000) },
      { kind: "heap-sampling", format: "pprof", durationMs: 1.5 },
    ],
    [
      { kind: HEAP_SAMPLING, format: CHROME },
      { kind: "heap-sampling", format: "chrome", durationMs: 10_000 },
    ],
    [
      { kind: HEAP_SAMPLING, includeCollected: true },
      { kind: "heap-sampling", format: "pprof", durationMs: 10_000, includesCollected: true },
    ],
    [
      { kind: TRACE, ...seconds(1n) },
      { kind: "trace", format: "chrome", durationMs: 1000 },
    ],
    [
      { kind: HEAP_SNAPSHOT, acceptPause: true },
      { kind: "heap-snapshot", format: "chrome" },
    ],
  ])("%o is read", (init, expected) => {
    expect(checked(init)).toEqual(expected);
  });

  it("has a default duration within the bound", () => {
    expect(checked({ kind: CPU }, 2000)).toEqual({ kind: "cpu", format: "pprof", durationMs: 2000 });
  });

  it.each<[Init, string]>([
    [{}, "kind: expected CPU, HEAP_SAMPLING, HEAP_SNAPSHOT or TRACE, got none"],
    [{ kind: 9 as Kind }, "kind: expected CPU, HEAP_SAMPLING, HEAP_SNAPSHOT or TRACE, got 9"],
    [{ kind: CPU, format: 7 as Format }, "format: expected PPROF or CHROME, got 7"],
    [
      { kind: TRACE, format: PPROF },
      "format: TRACE comes as CHROME only, got PPROF; CPU and HEAP_SAMPLING come as PPROF",
    ],
    [
      { kind: TRACE, format: 7 as Format },
      "format: TRACE comes as CHROME only, got 7; CPU and HEAP_SAMPLING come as PPROF",
    ],
    [
      { kind: HEAP_SNAPSHOT, format: PPROF, acceptPause: true },
      "format: HEAP_SNAPSHOT comes as CHROME only, got PPROF; CPU and HEAP_SAMPLING come as PPROF",
    ],
    [
      { kind: HEAP_SNAPSHOT, acceptPause: true, ...seconds(1n) },
      "duration: a HEAP_SNAPSHOT shows one moment; leave it out, or take HEAP_SAMPLING, which has one",
    ],
    [{ kind: CPU, ...seconds(0n) }, "duration: expected more than 0s and at most 300s, got 0s"],
    [{ kind: CPU, ...seconds(-1n) }, "duration: expected more than 0s and at most 300s, got -1s"],
    [{ kind: CPU, ...seconds(301n) }, "duration: expected more than 0s and at most 300s, got 301s"],
    [
      { kind: TRACE, ...seconds(1n, 1_000_000_000) },
      "duration: expected more than 0s and at most 300s, got 2s",
    ],
  ])("%o is refused", (init, message) => {
    expect(refused(init)).toBe(`InvalidArgument: ${message}`);
  });

  it("for a heap snapshot needs leave to pause the process", () => {
    expect(refused({ kind: HEAP_SNAPSHOT })).toBe(
      "FailedPrecondition: accept_pause: the process stands still while a HEAP_SNAPSHOT is taken, for seconds or longer, " +
        "and needs many times its heap in memory; send accept_pause: true if it may, or take HEAP_SAMPLING, which does neither",
    );
  });
});
