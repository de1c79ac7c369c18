import { type DiagLogger, diag } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { callByHand } from "../../test/support/hand-made-call.js";

afterEach(() => diag.disable());

describe("whenEnded", () => {
  it("tells of the end after the observers, in order, once", () => {
    const events: string[] = [];
    const call = callByHand({ observers: [() => ({ onEnd: () => void events.push("observer") })] });
    call.whenEnded((ended) => events.push(`first ${ended === call} ${ended.outcome?.type}`));
    call.whenEnded(() => events.push("second"));
    expect(events).toEqual([]);
    call.succeed();
    call.succeed();
    expect(events).toEqual(["observer", "first true ok", "second"]);
  });

  it("tells at once when the call has ended", () => {
    const events: string[] = [];
    const call = callByHand();
    call.succeed();
    call.whenEnded(() => events.push("told"));
    expect(events).toEqual(["told"]);
  });

  it("reports a listener that throws: the others are told", () => {
    const reports: unknown[][] = [];
    diag.setLogger({ error: (...args: unknown[]) => void reports.push(args) } as unknown as DiagLogger);
    const events: string[] = [];
    const call = callByHand();
    const broken = new Error("broken");
    call.whenEnded(() => {
      throw broken;
    });
    call.whenEnded(() => events.push("told"));
    call.succeed();
    expect(events).toEqual(["told"]);
    expect(reports).toEqual([
      [
        "connect-clue: a listener for the end of calls failed; the call is not affected, and this is reported once",
        broken,
      ],
    ]);
  });
});
