import { totalmem } from "node:os";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type GetRuntimeResponse,
  type GetRuntimeResponse_CallsInFlightSchema,
  type GetRuntimeResponse_EventLoopSchema,
  type GetRuntimeResponse_GarbageCollectionSchema,
  type GetRuntimeResponse_MemorySchema,
  GetRuntimeResponseSchema,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { scopeVersion } from "../call/scope.js";
import { bufferUse, linesLostBySinks } from "../log/live.js";
import { callsInFlight, isClientGone } from "./calls-in-flight.js";
import { durationOf } from "./durations.js";
import { EventLoopWatch } from "./event-loop-watch.js";
import { GarbageWatch } from "./garbage-watch.js";
import { viewerStats } from "./tail-logs.js";

/** Watches what can only be told of a process when it was watched: its event loop and its garbage collections. */
export class RuntimeWatch {
  private watches: { readonly loop: EventLoopWatch; readonly garbage: GarbageWatch } | undefined;

  /** Watches from now on, for as long as the process lives; it does not keep the process alive. Again, it does nothing. */
  start(): void {
    this.watches ??= { loop: new EventLoopWatch(intervalMs), garbage: new GarbageWatch() };
  }

  /** The event loop since {@link start}; undefined before. */
  get eventLoop(): EventLoopWatch | undefined {
    return this.watches?.loop;
  }

  /** How the process is, as `GetRuntime` answers it. */
  response(): GetRuntimeResponse {
    const { lines, bytes, budgetBytes } = bufferUse();
    const { viewers, linesLost } = viewerStats();
    return create(GetRuntimeResponseSchema, {
      version: scopeVersion,
      nodeVersion: process.version,
      pid: process.pid,
      uptime: durationOf(process.uptime() * 1000),
      memory: memory(),
      ...(this.watches === undefined ? {} : { eventLoop: eventLoop(this.watches.loop) }),
      garbageCollection: collections(this.watches?.garbage),
      activeResources: activeResources(),
      calls: countCalls(),
      buffers: { lines: BigInt(lines), bytes: BigInt(bytes), budgetBytes: BigInt(budgetBytes) },
      linesLostBySinks: BigInt(linesLostBySinks()),
      viewers,
      linesLostByViewers: BigInt(linesLost),
    });
  }
}

/** The process's one watch. */
export const runtimeWatch: RuntimeWatch = new RuntimeWatch();

/**
 * Twenty looks a second cost 0.2 % of a CPU, and only while the process is idle otherwise. No loop stands still for longer than
 * this unseen; shorter delays are a sample, as fair as any.
 */
const intervalMs = 50;

/** What keeps the event loop alive: how many by type, as Node names them. */
export function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** How many calls are in flight, and how many handlers still run beside those. */
export function countCalls(): MessageInitShape<typeof GetRuntimeResponse_CallsInFlightSchema> {
  const counts = { server: 0, client: 0, clientGone: 0 };
  for (const call of callsInFlight()) counts[isClientGone(call) ? "clientGone" : call.side]++;
  return counts;
}

function memory(): MessageInitShape<typeof GetRuntimeResponse_MemorySchema> {
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const limit = process.constrainedMemory?.() ?? 0;
  return {
    rss: BigInt(rss),
    heapUsed: BigInt(heapUsed),
    heapTotal: BigInt(heapTotal),
    heapLimit: BigInt(getHeapStatistics().heap_size_limit),
    external: BigInt(external),
    arrayBuffers: BigInt(arrayBuffers),
    // Where there is no limit, systems tell of none, or of more than any machine has.
    ...(limit > 0 && limit <= totalmem() ? { constrained: BigInt(limit) } : {}),
    spaces: Object.fromEntries(getHeapSpaceStatistics().map(namedSpace)),
  };
}

type HeapSpace = ReturnType<typeof getHeapSpaceStatistics>[number];

function namedSpace({ space_name, space_used_size, space_available_size, space_size }: HeapSpace) {
  const space = {
    used: BigInt(space_used_size),
    available: BigInt(space_available_size),
    size: BigInt(space_size),
  };
  return [space_name, space] as const;
}

function eventLoop({
  delays,
  utilization,
}: EventLoopWatch): MessageInitShape<typeof GetRuntimeResponse_EventLoopSchema> {
  return {
    delayMean: durationOf(delays.mean),
    delayP50: durationOf(delays.percentile(50)),
    delayP90: durationOf(delays.percentile(90)),
    delayP99: durationOf(delays.percentile(99)),
    delayMax: durationOf(delays.max),
    utilization,
  };
}

function collections(
  watch: GarbageWatch | undefined,
): Record<string, MessageInitShape<typeof GetRuntimeResponse_GarbageCollectionSchema>> {
  return Object.fromEntries(
    Array.from(watch?.collections ?? [], ([kind, { count, totalMs, longestMs }]) => {
      return [kind, { count: BigInt(count), total: durationOf(totalMs), longest: durationOf(longestMs) }];
    }),
  );
}
