import { Code, ConnectError } from "@connectrpc/connect";
import {
  type CaptureProfileRequest,
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../../gen/clue/debug/v1/debug_pb.js";
import { requestedMs } from "../durations.js";
import { invalid } from "../invalid.js";
import type { ProfileRequest } from "./types.js";

/** What bounds the profiles that may be asked for. */
export interface ProfileBounds {
  /** The longest that a profile may take, in milliseconds. */
  readonly maxDurationMs: number;
}

/**
 * Reads a request for a profile.
 *
 * @throws ConnectError `invalid_argument` for what makes no sense, saying what would;
 *   `failed_precondition` for a heap snapshot that has no leave to pause the process
 */
export function checkedProfile(request: CaptureProfileRequest, bounds: ProfileBounds): ProfileRequest {
  switch (request.kind) {
    case Kind.CPU:
      return { kind: "cpu", format: pprofOrChrome(request), durationMs: durationMs(request, bounds) };
    case Kind.HEAP_SAMPLING:
      return {
        kind: "heap-sampling",
        format: pprofOrChrome(request),
        durationMs: durationMs(request, bounds),
        ...(request.includeCollected && { includesCollected: true }),
      };
    case Kind.TRACE:
      return { kind: "trace", format: chromeOnly(request), durationMs: durationMs(request, bounds) };
    case Kind.HEAP_SNAPSHOT:
      return snapshot(request);
    default:
      throw invalid(
        `kind: expected CPU, HEAP_SAMPLING, HEAP_SNAPSHOT or TRACE, got ${request.kind || "none"}`,
      );
  }
}

const defaultDurationMs = 10_000;

function snapshot(request: CaptureProfileRequest): ProfileRequest {
  const format = chromeOnly(request);
  if (request.duration !== undefined) {
    throw invalid(
      "duration: a HEAP_SNAPSHOT shows one moment; leave it out, or take HEAP_SAMPLING, which has one",
    );
  }
  if (!request.acceptPause) {
    throw new ConnectError(
      "accept_pause: the process stands still while a HEAP_SNAPSHOT is taken, for seconds or longer, and needs many " +
        "times its heap in memory; send accept_pause: true if it may, or take HEAP_SAMPLING, which does neither",
      Code.FailedPrecondition,
    );
  }
  return { kind: "heap-snapshot", format };
}

function pprofOrChrome({ format }: CaptureProfileRequest): "pprof" | "chrome" {
  if (format === Format.CHROME) return "chrome";
  if (format === Format.PPROF || format === Format.FORMAT_UNSPECIFIED) return "pprof";
  throw invalid(`format: expected PPROF or CHROME, got ${format}`);
}

function chromeOnly({ kind, format }: CaptureProfileRequest): "chrome" {
  if (format === Format.CHROME || format === Format.FORMAT_UNSPECIFIED) return "chrome";
  const got = Format[format] ?? format;
  throw invalid(
    `format: ${Kind[kind]} comes as CHROME only, got ${got}; CPU and HEAP_SAMPLING come as PPROF`,
  );
}

function durationMs({ duration }: CaptureProfileRequest, { maxDurationMs }: ProfileBounds): number {
  if (duration === undefined) return Math.min(defaultDurationMs, maxDurationMs);
  return requestedMs("duration", duration, maxDurationMs);
}
