import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type CaptureProfileRequest,
  type CaptureProfileResponse,
  CaptureProfileResponseSchema,
} from "../../../gen/clue/debug/v1/debug_pb.js";
import { durationOf } from "../durations.js";
import { captureProfile } from "./capture-profile.js";
import { checkedProfile, type ProfileBounds } from "./profile-request.js";
import type { ProfileEvent } from "./types.js";

/**
 * Makes the handler of `CaptureProfile`. Who may call it is checked in front of it.
 *
 * @returns a handler whose profile stops when its call ends, however it ends
 */
export function captureProfileMethod(
  bounds: ProfileBounds,
): (request: CaptureProfileRequest, context: HandlerContext) => AsyncGenerator<CaptureProfileResponse> {
  return async function* captureProfileHandler(request, { signal }) {
    for await (const event of captureProfile(checkedProfile(request, bounds), { signal })) {
      yield create(CaptureProfileResponseSchema, { event: toMessage(event) });
    }
  };
}

type ResponseEvent = NonNullable<MessageInitShape<typeof CaptureProfileResponseSchema>["event"]>;

function toMessage(event: ProfileEvent): ResponseEvent {
  switch (event.type) {
    case "progress": {
      const elapsed = durationOf(event.elapsedMs);
      const { totalMs } = event;
      return {
        case: "progress",
        value: totalMs === undefined ? { elapsed } : { elapsed, total: durationOf(totalMs) },
      };
    }
    case "chunk":
      return { case: "chunk", value: event.bytes };
    case "done":
      return { case: "done", value: { fileName: event.fileName, size: BigInt(event.size) } };
  }
}
