import { Code, ConnectError } from "@connectrpc/connect";
import { shared } from "../../call/shared.js";
import type { ProfileRequest } from "./types.js";

/** What is taken now, and when it is over on the clock of `performance.now()`. V8 has one profiler of a kind. */
const taken = shared("profiles", () => new Map<ProfileRequest["kind"], number>());

/**
 * Takes the one place of a kind in this process.
 *
 * @param durationMs - how long the profile takes
 * @returns frees the place; more than once does no harm
 * @throws ConnectError `resource_exhausted` when it is taken: it becomes free by itself, so trying later helps
 */
export function takeSlot(kind: ProfileRequest["kind"], durationMs: number): () => void {
  const endsAt = taken.get(kind);
  if (endsAt !== undefined) throw busy(kind, endsAt - performance.now());
  taken.set(kind, performance.now() + durationMs);
  let isOurs = true;
  return () => {
    if (isOurs) taken.delete(kind);
    isOurs = false;
  };
}

function busy(kind: string, leftMs: number): ConnectError {
  const left = leftMs > 0 ? `it takes ${Math.ceil(leftMs / 1000)} s more` : "its file is being sent";
  return new ConnectError(
    `a ${kind} profile is being taken already, and there is one at a time: ${left}`,
    Code.ResourceExhausted,
  );
}
