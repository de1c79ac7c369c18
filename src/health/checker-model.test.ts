import { testLogger } from "connect-clue/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Switched } from "../../test/support/switched.js";
import { type Checker, createChecker, type ServingStatus } from "./index.js";

const logger = testLogger();
const names = ["", "readiness", "liveness", "a.A", "b.B", "c.C"];
const statuses: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING"];

/** One thing that happens to a checker. */
type Step =
  | { readonly type: "set"; readonly name: string; readonly status: ServingStatus }
  | { readonly type: "register"; readonly name: string }
  | { readonly type: "shutdown" | "resume" | "read" }
  | { readonly type: "run"; readonly db: Answer; readonly cache: Answer };

/** What a ping says. It hangs until it says something the first time; from then on `hangs` is what it said last. */
type Answer = "up" | "down" | "hangs";

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant("set" as const),
    name: fc.constantFrom(...names),
    status: fc.constantFrom(...statuses),
  }),
  fc.record({ type: fc.constant("register" as const), name: fc.constantFrom(...names) }),
  fc.record({ type: fc.constantFrom("shutdown" as const, "resume" as const, "read" as const) }),
  fc.record({ type: fc.constant("run" as const), db: answer(), cache: answer() }),
);

function answer(): fc.Arbitrary<Answer> {
  return fc.constantFrom("up", "down", "hangs");
}

/** What a checker with a critical `db`, and a `cache` that only `a.A` needs, has to say. */
class Model {
  private readonly own = new Map<string, ServingStatus>(
    ["", "liveness", "a.A"].map((key) => [key, "SERVING"]),
  );
  private db: Answer = "hangs";
  private cache: Answer = "hangs";
  private isShutDown = false;

  apply(step: Step): void {
    const key = "name" in step && step.name !== "readiness" ? step.name : "";
    if (step.type === "set" && !this.isShutDown) this.own.set(key, step.status);
    if (step.type === "register" && !this.own.has(key)) this.own.set(key, "SERVING");
    if (step.type === "shutdown") this.isShutDown = true;
    if (step.type === "run") {
      if (step.db !== "hangs") this.db = step.db;
      if (step.cache !== "hangs") this.cache = step.cache;
    }
    if (step.type !== "resume") return;
    this.isShutDown = false;
    for (const each of this.own.keys()) this.own.set(each, "SERVING");
  }

  status(name: string): ServingStatus | undefined {
    const told = this.told(name);
    return told === "not yet" ? "NOT_SERVING" : told;
  }

  /** What a watcher is told. */
  told(name: string): ServingStatus | undefined | "not yet" {
    const key = name === "readiness" ? "" : name;
    const own = this.own.get(key);
    if (own === undefined || key === "liveness") return own;
    const needs = key === "a.A" ? [this.db, this.cache] : [this.db];
    if (this.isShutDown || own === "NOT_SERVING" || needs.includes("down")) return "NOT_SERVING";
    return needs.includes("hangs") ? "not yet" : own;
  }
}

it("behaves like the model, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const db = new Held("db");
      const cache = new Held("cache", false, ["a.A"]);
      const checker = createChecker({ dependencies: [db, cache], cacheMs: 0, logger });
      const model = new Model();
      const watched = names.map((name) => new Watched(checker, model, name));
      for (const each of steps) {
        await take(each, checker, model, db, cache);
        expect(names.map((name) => checker.status(name))).toEqual(names.map((name) => model.status(name)));
        for (const one of watched) await one.look(each.type === "read");
      }
      for (const one of watched) await one.end();
      db.release();
      cache.release();
    }),
  );
});

async function take(step: Step, checker: Checker, model: Model, db: Held, cache: Held): Promise<void> {
  model.apply(step);
  if (step.type === "set") checker.set(step.name, step.status);
  if (step.type === "register") checker.register([step.name]);
  if (step.type === "shutdown") checker.shutdown();
  if (step.type === "resume") checker.resume();
  if (step.type !== "run") return;
  for (const [dependency, answer] of [
    [db, step.db],
    [cache, step.cache],
  ] as const) {
    if (answer === "hangs") continue;
    dependency.fault = answer === "up" ? undefined : new Error("refused");
    dependency.release();
  }
  void checker.check({ services: names });
  await turn();
  expect(checker.report().ready).toBe(model.status("") === "SERVING");
}

/** A dependency whose pings hang until it answers the first time. */
class Held extends Switched {
  readonly release = this.hang().open;
}

/** A reader that is slow: it reads only when it is told to, and has to find what the model says then. */
class Watched {
  private readonly controller = new AbortController();
  private readonly statuses: AsyncIterator<ServingStatus | undefined>;
  private last: unknown = "nothing yet";
  /** What was asked for and has not come. */
  private pending: Promise<void> | undefined;

  constructor(
    checker: Checker,
    private readonly model: Model,
    private readonly name: string,
  ) {
    this.statuses = checker.watch(name, this.controller.signal)[Symbol.asyncIterator]();
  }

  async look(reads: boolean): Promise<void> {
    if (reads) this.pending ??= this.read();
    await turn();
    // What waits has seen the present state; what has come was the newest one.
    const told = this.model.told(this.name);
    if (this.pending !== undefined && told !== "not yet") expect(this.last).toBe(told);
  }

  async end(): Promise<void> {
    this.controller.abort(new Error("gone"));
    await expect(this.pending ?? this.statuses.next()).rejects.toThrow(new Error("gone"));
  }

  private async read(): Promise<void> {
    const { value } = await this.statuses.next();
    expect([value, value === this.last]).toEqual([this.model.told(this.name), false]);
    this.last = value;
    this.pending = undefined;
  }
}

/** Lets all that is due come to pass. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
