import { describe, expect, it } from "vitest";
import { startChat } from "../../../test/support/chat-server.js";
import { block, profileFile, readPprof } from "../../../test/support/pprof.js";

const cpu = { kind: "cpu", format: "pprof", durationMs: 400 } as const;

function* workOfSay(): Generator<void> {
  yield block(5);
}

function* workOfCountdown(): Generator<void> {
  yield block(5);
}

function* workOfNobody(): Generator<void> {
  yield block(5);
}

/** What the samples of a function are labelled with, and the share of each label. */
function shares(
  samples: Awaited<ReturnType<typeof readPprof>>["samples"],
  name: string,
): Record<string, number> {
  const its = samples.filter(({ stack }) => stack.some((frame) => frame.name === name));
  const all = its.reduce((sum, { values }) => sum + (values[0] ?? 0), 0);
  const result: Record<string, number> = {};
  for (const { labels, values } of its) {
    const label = labels["rpc.method"] ?? "none";
    result[label] = (result[label] ?? 0) + (values[0] ?? 0) / all;
  }
  return result;
}

describe("the method on the samples of a CPU profile", () => {
  it("is that of the call that they were taken in", async () => {
    const { client } = await startChat({
      async say({ text }) {
        workOfSay().next();
        return { text };
      },
      async *countdown({ from }) {
        for (let n = from; n > 0; n--) {
          workOfCountdown().next();
          yield { n };
        }
      },
    });
    const file = await profileFile(cpu, async () => {
      workOfNobody().next();
      await client.say({ text: "hello" });
      for await (const _ of client.countdown({ from: 2 }));
    });
    const { samples, comments } = await readPprof(file);
    expect(shares(samples, "workOfSay")["chat.v1.ChatService/Say"]).toBeGreaterThan(0.8);
    expect(shares(samples, "workOfCountdown")["chat.v1.ChatService/Countdown"]).toBeGreaterThan(0.8);
    expect(shares(samples, "workOfNobody").none).toBeGreaterThan(0.8);
    for (const name of ["(program)", "(garbage collector)"]) {
      expect(Object.keys(shares(samples, name)).filter((label) => label !== "none")).toEqual([]);
    }
    expect(comments).toEqual([]);
  });
});
