import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  DebugService,
  type GetRuntimeResponse_EventLoop as EventLoop,
  type GetRuntimeResponse,
  GetRuntimeResponseSchema,
  type GetRuntimeResponse_Memory as Memory,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { commandWith, type Run } from "./command.js";
import { countOf } from "./count.js";
import { durationText as time } from "./duration.js";
import { exitCodes } from "./failure.js";
import { formatSize } from "./size.js";
import { tableOf } from "./table.js";

/** `runtime`: how the process is. */
export function runtimeCommand(run: Run): Command {
  return commandWith(
    "runtime",
    "show how the process is: memory, event loop, garbage collection, what was lost",
    ["runtime", "runtime --json | jq .eventLoop"],
  ).action((_: object, command: Command) =>
    run(command, async ({ client, screen, isJson, options }) => {
      const runtime = await client(DebugService).getRuntime({}, options);
      if (isJson) await screen.json(toJson(GetRuntimeResponseSchema, runtime, { alwaysEmitImplicit: true }));
      else await screen.write(tableOf(screen, columns, rowsOf(runtime)));
      return exitCodes.ok;
    }),
  );
}

type Row = readonly [what: string, how: string];

const columns = [
  { heading: "WHAT", cell: ([what]: Row) => what },
  { heading: "HOW IT IS", cell: ([, how]: Row) => how },
] as const;

function rowsOf(runtime: GetRuntimeResponse): Row[] {
  const { memory, eventLoop, calls, buffers } = runtime;
  const { garbageCollection, activeResources } = runtime;
  return [
    [
      "process",
      `${runtime.pid}, up ${time(runtime.uptime)}, Node.js ${runtime.nodeVersion}, connect-clue ${runtime.version}`,
    ],
    ...(memory === undefined ? [] : memoryRows(memory)),
    ...(eventLoop === undefined ? [] : eventLoopRows(eventLoop)),
    ...Object.entries(garbageCollection).map(([kind, { count, total, longest }]): Row => {
      return [`gc ${kind}`, `${countOf(count, "time")}, ${time(total)} in all, ${time(longest)} at most`];
    }),
    [
      "calls",
      `${calls?.server ?? 0} server, ${calls?.client ?? 0} client, ${calls?.clientGone ?? 0} with the client gone`,
    ],
    [
      "held back",
      `${countOf(buffers?.lines ?? 0, "line")}, ${formatSize(buffers?.bytes ?? 0)} of ${formatSize(buffers?.budgetBytes ?? 0)}`,
    ],
    ["lines lost", `${runtime.linesLostBySinks} by sinks, ${runtime.linesLostByViewers} by viewers`],
    ["viewers", `${runtime.viewers}`],
    [
      "resources",
      Object.entries(activeResources)
        .map(([type, count]) => `${count} ${type}`)
        .join(", "),
    ],
  ];
}

function memoryRows(memory: Memory): Row[] {
  const { rss, heapUsed, heapTotal, heapLimit, external, arrayBuffers, constrained, spaces } = memory;
  const limit = constrained === undefined ? "" : `, of ${formatSize(constrained)} for the container`;
  return [
    ["memory", `${formatSize(rss)} resident${limit}`],
    ["heap", `${formatSize(heapUsed)} used of ${formatSize(heapTotal)}, limit ${formatSize(heapLimit)}`],
    ["off heap", `${formatSize(external)} external, of which ${formatSize(arrayBuffers)} array buffers`],
    ...Object.entries(spaces)
      .filter(([, { size }]) => size > 0n)
      .map(
        ([name, { used, size }]): Row => [`space ${name}`, `${formatSize(used)} used of ${formatSize(size)}`],
      ),
  ];
}

function eventLoopRows(loop: EventLoop): Row[] {
  const { delayMean, delayP50, delayP90, delayP99, delayMax, utilization } = loop;
  const delays = `p50 ${time(delayP50)}, p90 ${time(delayP90)}, p99 ${time(delayP99)}, max ${time(delayMax)}`;
  return [
    ["loop delay", `mean ${time(delayMean)}, ${delays}`],
    ["loop busy", `${(utilization * 100).toFixed(1)}%`],
  ];
}
