import { Session } from "node:inspector";
import { Code, ConnectError } from "@connectrpc/connect";
import { type FakeClock, fakeClock } from "connect-clue/fake-clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { captureProfile } from "./capture-profile.js";
import type { ProfileEvent, ProfileRequest } from "./types.js";

const cpu: ProfileRequest = { kind: "cpu", format: "chrome", durationMs: 3500 };
const recordings: readonly ProfileRequest[] = [
  cpu,
  { kind: "cpu", format: "pprof", durationMs: 3500 },
  { kind: "heap-sampling", format: "pprof", durationMs: 3500 },
  { kind: "heap-sampling", format: "chrome", durationMs: 3500 },
  { kind: "trace", format: "chrome", durationMs: 3500 },
];

const connected = vi.spyOn(Session.prototype, "connect");

let clock: FakeClock;
beforeEach((t) => {
  connected.mockClear();
  clock = fakeClock({ test: t });
});

afterEach(expectNothingLeft);

/** Nothing runs in V8, no timer waits. */
function expectNothingLeft(): void {
  expect(clock.timers).toBe(0);
  for (const session of connected.mock.contexts as Session[]) {
    expect(() => session.post("Runtime.enable")).toThrow(/not connected/);
  }
}

function capture(request: ProfileRequest, signal = new AbortController().signal) {
  return captureProfile(request, { signal });
}

/** The next event, when so much time passes while it is waited for. */
async function nextIn(ms: number, events: AsyncGenerator<ProfileEvent>): Promise<ProfileEvent | undefined> {
  const next = events.next();
  await clock.advance(ms);
  return (await next).value;
}

async function restOf(events: AsyncGenerator<ProfileEvent>): Promise<ProfileEvent[]> {
  const rest: ProfileEvent[] = [];
  for await (const event of events) rest.push(event);
  return rest;
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ConnectError) return `${Code[error.code]}: ${error.rawMessage}`;
    throw error;
  }
  return "no error";
}

/** Begins a profile and gives it up again: a kind that is not free cannot. */
async function expectFree(request: ProfileRequest): Promise<void> {
  const events = capture(request);
  await events.next();
  await events.return(undefined);
}

const sent = { type: "progress", totalMs: 3500 };

describe.each(recordings)("a $kind profile as $format", (request) => {
  it("comes with progress each second, then as a file, then ends", async () => {
    const events = capture(request);
    expect(await nextIn(0, events)).toEqual({ ...sent, elapsedMs: 0 });
    expect(await nextIn(1000, events)).toEqual({ ...sent, elapsedMs: 1000 });
    expect(await nextIn(1000, events)).toEqual({ ...sent, elapsedMs: 2000 });
    expect(await nextIn(1000, events)).toEqual({ ...sent, elapsedMs: 3000 });
    const first = await nextIn(500, events);
    expect(first?.type).toBe("chunk");
    const rest = await restOf(events);
    const size = [first, ...rest].reduce(
      (sum, event) => sum + (event?.type === "chunk" ? event.bytes.length : 0),
      0,
    );
    const extension = { cpu: "cpuprofile", "heap-sampling": "heapprofile", trace: "trace\\.json" };
    const end = request.format === "pprof" ? "pb\\.gz" : extension[request.kind as "cpu"];
    expect(rest.at(-1)).toEqual({
      type: "done",
      fileName: expect.stringMatching(new RegExp(`^${request.kind}-\\d+-\\d{8}T\\d{6}Z\\.${end}$`)),
      size,
    });
    await expectFree(request);
  });

  it("ends in time when its events are taken late", async () => {
    const events = capture(request);
    await events.next();
    await clock.advance(30_000);
    expect(await nextIn(0, events)).toMatchObject({ type: "chunk" });
    await events.return(undefined);
  });

  it("is one at a time, and says how long the other one takes", async () => {
    const events = capture(request);
    await events.next();
    await clock.advance(1200);
    expect(await errorOf(capture(request).next())).toBe(
      `ResourceExhausted: a ${request.kind} profile is being taken already, and there is one at a time: it takes 3 s more`,
    );
    await clock.advance(3000);
    expect(await errorOf(capture(request).next())).toBe(
      `ResourceExhausted: a ${request.kind} profile is being taken already, and there is one at a time: its file is being sent`,
    );
    await events.return(undefined);
    await expectFree(request);
  });

  it("stops at once when its consumer leaves", async () => {
    const events = capture(request);
    await events.next();
    await events.return(undefined);
    expectNothingLeft();
    await expectFree(request);
  });

  it("stops at once by the signal, while it is waited for", async () => {
    const controller = new AbortController();
    const events = capture(request, controller.signal);
    await events.next();
    const next = errorOf(events.next());
    await clock.advance(500);
    controller.abort(new ConnectError("gone", Code.Canceled));
    expect(await next).toBe("Canceled: gone");
    expectNothingLeft();
    await expectFree(request);
  });

  it("stops at once by the signal, while nobody asks for events", async () => {
    const controller = new AbortController();
    const events = capture(request, controller.signal);
    await events.next();
    controller.abort();
    expectNothingLeft();
    await expectFree(request);
    expect(await errorOf(events.next())).toBe("Canceled: This operation was aborted");
  });

  it("stops by the signal between the end of the recording and the file", async () => {
    const controller = new AbortController();
    const events = capture(request, controller.signal);
    await events.next();
    await clock.advance(4000);
    const next = errorOf(events.next());
    controller.abort();
    expect(await next).toBe("Canceled: This operation was aborted");
    expectNothingLeft();
    await expectFree(request);
  });

  it("stops by the signal in the middle of the file", async () => {
    const controller = new AbortController();
    const events = capture(request, controller.signal);
    await events.next();
    await clock.advance(4000);
    expect(await nextIn(0, events)).toMatchObject({ type: "chunk" });
    controller.abort();
    expect(await errorOf(events.next())).toBe("Canceled: This operation was aborted");
    await expectFree(request);
  });

  it("stops when nobody takes the next event for a minute", async () => {
    const events = capture(request);
    await events.next();
    await clock.advance(60_000);
    expectNothingLeft();
    await expectFree(request);
    expect(await errorOf(events.next())).toBe(
      "DeadlineExceeded: nobody took the profile for 60 s: it was stopped",
    );
  });
});

describe("profiles", () => {
  it("are not begun before they are asked for, nor after the signal", async () => {
    const events = capture(cpu);
    await expectFree(cpu);
    await events.return(undefined);
    expect(await errorOf(capture(cpu, AbortSignal.abort()).next())).toBe(
      "Canceled: This operation was aborted",
    );
  });

  it("of different kinds are taken at the same time", async () => {
    const events = recordings.filter(({ format }) => format === "chrome").map((request) => capture(request));
    for (const each of events) expect(await nextIn(0, each)).toMatchObject({ type: "progress" });
    for (const each of events) await each.return(undefined);
  });

  it("of the heap leave alone what somebody else takes", async () => {
    const other = new Session();
    other.connect();
    try {
      other.post("HeapProfiler.startSampling");
      expect(await errorOf(capture({ kind: "heap-sampling", format: "pprof", durationMs: 10 }).next())).toBe(
        "FailedPrecondition: something else in this process takes a sampling heap profile; V8 takes one at a time",
      );
      let error: Error | null = new Error("no answer");
      other.post("HeapProfiler.stopSampling", (answer) => {
        error = answer;
      });
      expect(error).toBeNull();
    } finally {
      other.disconnect();
    }
  });
});

describe("a heap snapshot", () => {
  const snapshot: ProfileRequest = { kind: "heap-snapshot", format: "chrome" };
  const gib = 2 ** 30;

  it("is refused without the memory for it, with the figures", async () => {
    const memory = () => ({ heapUsed: gib / 8, available: 2 * gib });
    const events = captureProfile(snapshot, { signal: new AbortController().signal, memory });
    expect(await errorOf(events.next())).toBe(
      "ResourceExhausted: a heap snapshot of 128 MiB in use may need 2624 MiB more while it is taken, and 2048 MiB are left: " +
        "give the process more memory, or take HEAP_SAMPLING, which needs hardly any",
    );
  });

  it("can be stopped before the process stands still, after its first progress", async () => {
    const memory = () => ({ heapUsed: 1, available: gib });
    const controller = new AbortController();
    const events = captureProfile(snapshot, { signal: controller.signal, memory });
    expect(await nextIn(0, events)).toEqual({ type: "progress", elapsedMs: 0, totalMs: undefined });
    controller.abort();
    expect(await errorOf(events.next())).toBe("Canceled: This operation was aborted");
    const again = captureProfile(snapshot, { signal: new AbortController().signal, memory });
    await again.next();
    await again.return(undefined);
  });
});
