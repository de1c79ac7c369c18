import { testLogger } from "connect-clue/testing";
import { expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { createChecker } from "./index.js";

const logger = testLogger();

/** What pings say (`+` or `-`), and what the dependency counts as after each. */
it.each<[failureThreshold: number, successThreshold: number, pings: string, states: string]>([
  [1, 1, "+-+--++", "+-+--++"],
  [1, 1, "-+-", "-+-"],
  [3, 1, "+--+---+-+", "++++++-+++"],
  [3, 2, "+---+-++--+---", "+++-" + "---+" + "++++" + "+-"],
  [1, 3, "-++-+++-", "------+-"],
  [5, 5, "-+++++----+-----", "-----+++++" + "+++++-"],
])(
  "with failureThreshold %i and successThreshold %i, %s makes %s",
  async (failureThreshold, successThreshold, pings, states) => {
    const db = new Switched("db");
    const checker = createChecker({
      dependencies: [db],
      failureThreshold,
      successThreshold,
      cacheMs: 0,
      logger,
    });
    let seen = "";
    let newest = "";
    for (const ping of pings) {
      db.fault = ping === "-" ? new Error("refused") : undefined;
      const { ready, dependencies } = await checker.check();
      expect(ready).toBe(dependencies[0]?.up);
      seen += ready ? "+" : "-";
      newest += dependencies[0]?.error === undefined ? "+" : "-";
    }
    expect([seen, newest]).toEqual([states, pings]);
  },
);
