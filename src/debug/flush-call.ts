import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type FlushCallRequest,
  type FlushCallResponse,
  FlushCallResponseSchema,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { flushCall as flushLines } from "../log/live.js";
import { callsInFlight } from "./calls-in-flight.js";

/**
 * Writes what a call has held back so far.
 *
 * @throws ConnectError `not_found` when no call in flight has this id
 */
export function flushCall({ id }: FlushCallRequest): FlushCallResponse {
  const call = callsInFlight().find((call) => call.id === Number(id));
  if (call === undefined) {
    throw new ConnectError(`no call in flight has the id ${id}: it may have ended`, Code.NotFound);
  }
  return create(FlushCallResponseSchema, { lines: flushLines(call) });
}
