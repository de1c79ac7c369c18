import { expect } from "vitest";
import { liveCalls } from "../../src/call/call.js";
import { lineLedger } from "../../src/log/ledger.js";
import type { Recorder } from "./recorder.js";
import { until } from "./until.js";

/** Every call has ended exactly once, with nothing after its end, and nothing of it is kept anywhere. */
export async function expectNothingInFlight(...sides: readonly Recorder[]): Promise<void> {
  await until(() => liveCalls.size === 0).catch(() => {});
  expect([...liveCalls].map(({ side, path }) => `${side} ${path}`)).toEqual([]);
  expect(lineLedger.bytes).toBe(0);
  for (const { events } of sides.flatMap((side) => side.calls)) {
    expect(events.findIndex((event) => event.startsWith("end "))).toBe(events.length - 1);
  }
}
