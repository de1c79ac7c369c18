import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type ListCallsRequest,
  type ListCallsResponse,
  ListCallsResponseSchema,
  Side,
} from "../../gen/clue/debug/v1/debug_pb.js";
import type { Call } from "../call/call.js";
import { cut } from "../call/cut.js";
import { compileMethodGlob } from "../call/method-filter.js";
import { callSummary, sides } from "./call-summary.js";
import { callsInFlight } from "./calls-in-flight.js";
import { requestedMs } from "./durations.js";
import { invalid } from "./invalid.js";

/**
 * The calls in flight, oldest first, in pages.
 *
 * @throws ConnectError `invalid_argument` for a token that came with no answer, an age that is none, a side that there is not
 */
export function listCalls(request: ListCallsRequest): ListCallsResponse {
  const after = lastIdOf(request.pageToken);
  const isAsked = filterOf(request);
  const found = callsInFlight().filter((call) => call.id > after && isAsked(call));
  const page = found.slice(0, Math.min(request.pageSize || defaultPageSize, longestPage));
  const last = page.at(-1);
  return create(ListCallsResponseSchema, {
    calls: page.map(callSummary),
    nextPageToken: last === undefined || page.length === found.length ? "" : tokenOf(last),
  });
}

const defaultPageSize = 100;
const longestPage = 1000;

function filterOf({ method, minAge, side }: ListCallsRequest): (call: Call) => boolean {
  const isOfMethod = compileMethodGlob(method);
  const latestStart = performance.now() - minAgeMs(minAge);
  if (Side[side] === undefined) throw invalid(`side: expected SERVER or CLIENT, got ${side}`);
  return (call) => {
    if (side !== Side.SIDE_UNSPECIFIED && sides[call.side] !== side) return false;
    return call.startedAt <= latestStart && isOfMethod(call.path);
  };
}

function minAgeMs(age: Duration | undefined): number {
  if (age === undefined || (age.seconds === 0n && age.nanos === 0)) return 0;
  return requestedMs("min_age", age, longestDurationMs);
}

/** What `google.protobuf.Duration` says of itself: 10,000 years. */
const longestDurationMs = 315_576_000_000_000;

/** Names the last call of a page. Calls of the next page are younger, also when this one has ended by then. */
function tokenOf({ id }: Call): string {
  return Buffer.from(String(id)).toString("base64url");
}

function lastIdOf(token: string): number {
  if (token === "") return 0;
  const id = Buffer.from(token, "base64url").toString();
  if (token.length <= longestToken && /^[1-9]\d{0,15}$/.test(id)) return Number(id);
  const shown = JSON.stringify(cut(token, longestToken));
  throw invalid(`page_token: expected next_page_token of an answer, got ${shown}`);
}

const longestToken = 32;
