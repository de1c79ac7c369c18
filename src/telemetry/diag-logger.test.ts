import { DiagLogLevel, diag } from "@opentelemetry/api";
import { createLogger } from "connect-clue";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { reportFault } from "../call/fault.js";
import { diagLogger, writingDiagnostics } from "./diag-logger.js";

describe("diagLogger", () => {
  it("writes each level as the log has it", () => {
    const log = testLogger();
    const logger = diagLogger(() => log);
    logger.error("no %s", "luck");
    logger.error("failed", { n: 1 }, new Error("why"));
    logger.error(new Error("alone") as unknown as string);
    logger.warn("100% sure");
    logger.info("a", 1);
    logger.debug("b");
    logger.verbose("c");
    const line = { time: "<time>", from: "opentelemetry" };
    expect(log.lines()).toEqual([
      { ...line, level: "error", msg: "no luck" },
      { ...line, level: "error", msg: 'failed {"n":1}', err: "why", "err.stack": "<stack>" },
      { ...line, level: "error", msg: "OpenTelemetry failed", err: "alone", "err.stack": "<stack>" },
      { ...line, level: "warn", msg: "100% sure" },
      { ...line, level: "info", msg: "a 1" },
      { ...line, level: "info", msg: "b" },
      { ...line, level: "info", msg: "c" },
    ]);
  });

  it("says that it is at work while it is", () => {
    const seen: boolean[] = [];
    const log = createLogger({ sink: { write: () => seen.push(writingDiagnostics()) } });
    diagLogger(() => log).warn("a");
    log.warn("b");
    expect(seen).toEqual([true, false]);
  });

  it("tells the console of a sink that fails, and goes in no circle", () => {
    const shown = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => {
      shown.mockRestore();
      diag.disable();
    });
    const broken = {
      write: () => {
        throw new Error("disk full");
      },
    };
    diag.setLogger(
      diagLogger(() => createLogger({ sink: broken, format: "text" })),
      DiagLogLevel.WARN,
    );
    diag.warn("lost");
    reportFault({}, "an observer", new Error("also lost"));
    expect(shown.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^connect-clue: a log sink failed; the call is not affected, and this is reported once Error: disk full/,
        ),
      ],
    ]);
  });
});
