import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { GetRuntimeResponseSchema } from "../../gen/clue/debug/v1/debug_pb.js";
import { cli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

const mib = 1024n * 1024n;
const runtime: MessageInitShape<typeof GetRuntimeResponseSchema> = {
  version: "0.1.0",
  nodeVersion: "v20.20.2",
  pid: 42,
  uptime: { seconds: 11_220n },
  memory: {
    rss: 83n * mib,
    heapUsed: 30n * mib,
    heapTotal: 40n * mib,
    heapLimit: 2096n * mib,
    external: 2n * mib,
    arrayBuffers: mib,
    constrained: 512n * mib,
    spaces: { new_space: { used: mib, available: 15n * mib, size: 16n * mib }, shared_space: {} },
  },
  eventLoop: {
    delayMean: { nanos: 100_000 },
    delayP50: { nanos: 50_000 },
    delayP90: { nanos: 1_250_000 },
    delayP99: { nanos: 20_000_000 },
    delayMax: { seconds: 1n, nanos: 300_000_000 },
    utilization: 0.034,
  },
  garbageCollection: { minor: { count: 12n, total: { nanos: 9_000_000 }, longest: { nanos: 1_500_000 } } },
  activeResources: { TCPSocketWrap: 3, Timeout: 2 },
  calls: { server: 4, client: 1, clientGone: 1 },
  buffers: { lines: 20n, bytes: 3500n, budgetBytes: 16n * mib },
  linesLostBySinks: 2n,
  viewers: 1,
  linesLostByViewers: 9n,
};

it("shows how the process is", async () => {
  const { url } = await startFake({ debug: { getRuntime: () => runtime } });
  expect(await cli(["runtime", "--addr", url])).toEqual({
    exit: 0,
    stdout: `\
WHAT             HOW IT IS
process          42, up 3h07m, Node.js v20.20.2, connect-clue 0.1.0
memory           83.0 MiB resident, of 512.0 MiB for the container
heap             30.0 MiB used of 40.0 MiB, limit 2.0 GiB
off heap         2.0 MiB external, of which 1.0 MiB array buffers
space new_space  1.0 MiB used of 16.0 MiB
loop delay       mean 0.1ms, p50 0.1ms, p90 1.3ms, p99 20ms, max 1.3s
loop busy        3.4%
gc minor         12 times, 9ms in all, 1.5ms at most
calls            4 server, 1 client, 1 with the client gone
held back        20 lines, 3.4 KiB of 16.0 MiB
lines lost       2 by sinks, 9 by viewers
viewers          1
resources        3 TCPSocketWrap, 2 Timeout
`,
    stderr: "",
  });
});

it("writes it as JSON", async () => {
  const { url } = await startFake({ debug: { getRuntime: () => runtime } });
  const { exit, stdout, stderr } = await cli(["runtime", "--json", "--addr", url]);
  expect({ exit, stderr, lines: stdout.split("\n").length }).toEqual({ exit: 0, stderr: "", lines: 2 });
  expect(JSON.parse(stdout)).toMatchObject({
    pid: 42,
    uptime: "11220s",
    memory: { rss: "87031808", constrained: "536870912" },
    activeResources: { TCPSocketWrap: 3, Timeout: 2 },
    linesLostByViewers: "9",
  });
});
