import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Line,
  Location,
  Profile,
  Function as ProfileFunction,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";
import { describe, expect, it } from "vitest";
import {
  type CaptureProfileResponseSchema,
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../gen/clue/debug/v1/debug_pb.js";
import { cli, emptyFolder, startCli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";
import { until } from "../../test/support/until.js";

type Event = MessageInitShape<typeof CaptureProfileResponseSchema>;

/** What a server sends of a file: in two pieces, under a name that nobody may believe. */
function* pieces(file: Uint8Array): Generator<Event> {
  yield { event: { case: "progress", value: { elapsed: durationFromMs(0), total: durationFromMs(1000) } } };
  yield { event: { case: "chunk", value: file.subarray(0, 5) } };
  yield { event: { case: "chunk", value: file.subarray(5) } };
  yield { event: { case: "done", value: { fileName: "../../evil", size: BigInt(file.length) } } };
}

const profiling = (...events: readonly Event[]) =>
  startFake({
    debug: {
      async *captureProfile() {
        yield* events;
      },
    },
  });

function pprof(unit: string, values: readonly [number, number]): Uint8Array {
  const stringTable = new StringTable();
  const text = (value: string) => stringTable.dedup(value);
  return gzipSync(
    new Profile({
      stringTable,
      sampleType: [new ValueType({ type: text("a"), unit: text(unit) })],
      sample: values.map((value, i) => new Sample({ locationId: i === 0 ? [1, 2] : [2], value: [value] })),
      location: [1, 2].map((id) => new Location({ id, line: [new Line({ functionId: id, line: 1 })] })),
      function: [
        new ProfileFunction({
          id: 1,
          name: text("hash\u001b"),
          filename: text("/app/hash.ts"),
          startLine: 3,
        }),
        new ProfileFunction({
          id: 2,
          name: text("main"),
          filename: text("file:///app/main.ts"),
          startLine: 9,
        }),
      ],
    }).encode(),
  );
}

const cpu = pprof("nanoseconds", [7_500_000_000, 2_500_000_000]);
const heap = pprof("bytes", [3_145_728, 1_048_576]);

describe("profile", () => {
  it("writes the file, and shows the top functions", async () => {
    const { url, requests } = await profiling(...pieces(cpu));
    const cwd = emptyFolder();
    const result = await cli(["profile", "--addr", url], { cwd });
    const [file = ""] = readdirSync(cwd);
    expect(file).toMatch(/^\d{4}-\d\d-\d\dT\d{6}Z\.cpu\.pb\.gz$/);
    expect(readFileSync(join(cwd, file))).toEqual(Buffer.from(cpu));
    expect(result).toEqual({
      exit: 0,
      stdout: `\
${file}: ${cpu.length} B
Open it: go tool pprof -http=: ${file}

CPU time: 10s

SELF          TOTAL                   FUNCTION    AT
7.5s  75.0%   75.0%  ███████████████  hash\\u001b  /app/hash.ts:3
2.5s  25.0%  100.0%  █████            main        /app/main.ts:9
`,
      stderr: "",
    });
    expect(requests[0]?.message).toEqual({
      $typeName: "clue.debug.v1.CaptureProfileRequest",
      kind: Kind.CPU,
      format: Format.PPROF,
      includeCollected: false,
      acceptPause: false,
    });
  });

  it("writes what it found as JSON", async () => {
    const { url, requests } = await profiling(...pieces(heap));
    const cwd = emptyFolder();
    const args = ["profile", "heap", "--duration", "30s", "--out", "h.gz", "--json", "--addr", url];
    expect(await cli(args, { cwd })).toEqual({
      exit: 0,
      stdout: `${JSON.stringify({
        kind: "heap",
        format: "pprof",
        file: "h.gz",
        size: heap.length,
        total: 4_194_304,
        functions: [
          { name: "hash\u001b", file: "/app/hash.ts", line: 3, self: 3_145_728, total: 3_145_728 },
          { name: "main", file: "file:///app/main.ts", line: 9, self: 1_048_576, total: 4_194_304 },
        ],
      })}\n`,
      stderr: "",
    });
    expect(readdirSync(cwd)).toEqual(["h.gz"]);
    expect(requests[0]?.message).toMatchObject({
      kind: Kind.HEAP_SAMPLING,
      format: Format.PPROF,
      duration: { seconds: 30n, nanos: 0 },
    });
  });

  it.each([
    ["cpu", Kind.CPU, "Chrome's developer tools, Performance, Load profile:"],
    ["heap", Kind.HEAP_SAMPLING, "Chrome's developer tools, Memory, Load profile:"],
  ])("keeps a %s profile that it can't sum up", async (name, kind, open) => {
    const { url, requests } = await profiling(...pieces(Buffer.from("no JSON")));
    const cwd = emptyFolder();
    const args = ["profile", name, "--format", "chrome", "--out", "p", "--addr", url];
    const { exit, stdout, stderr } = await cli(args, { cwd });
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: `p: 7 B\nOpen it: ${open} p\n` });
    expect(stderr).toMatch(/^connect-clue: no summary, the profile can't be read: [^\n]+\n$/);
    expect(requests[0]?.message).toMatchObject({ kind, format: Format.CHROME });
    expect(readFileSync(join(cwd, "p"), "utf8")).toBe("no JSON");
  });

  it.each([
    [["snapshot", "--accept-pause"], Kind.HEAP_SNAPSHOT, "Chrome's developer tools, Memory, Load profile:"],
    [["trace"], Kind.TRACE, "Perfetto, Open trace file:"],
  ])("of %j says how to open it", async (args, kind, open) => {
    const { url, requests } = await profiling(...pieces(Buffer.alloc(3000)));
    const result = await cli(["profile", ...args, "--out", "p", "--addr", url]);
    expect(result).toEqual({ exit: 0, stdout: `p: 2.9 KiB\nOpen it: ${open} p\n`, stderr: "" });
    expect(requests[0]?.message).toMatchObject({
      kind,
      format: Format.CHROME,
      acceptPause: kind === Kind.HEAP_SNAPSHOT,
    });
  });

  it.each([
    [
      ["snapshot"],
      "the server stands still while a snapshot is taken: --accept-pause says yes; profile heap is gentle",
    ],
    [["snapshot", "--format", "pprof"], "--format: expected chrome for snapshot"],
    [["trace", "--format", "pprof"], "--format: expected chrome for trace"],
    [
      ["disk"],
      "command-argument value 'disk' is invalid for argument 'kind'. Allowed choices are cpu, heap, snapshot, trace.",
    ],
  ])("refuses %j", async (args, text) => {
    const { url, requests } = await profiling();
    const cwd = emptyFolder();
    expect(await cli(["profile", ...args, "--addr", url], { cwd })).toEqual({
      exit: 2,
      stdout: "",
      stderr: `connect-clue: ${text}\n`,
    });
    expect({ requests, files: readdirSync(cwd) }).toEqual({ requests: [], files: [] });
  });
});

describe("the file of a profile", () => {
  it("replaces another only by force", async () => {
    const { url, requests } = await profiling(...pieces(cpu));
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "p"), "precious");
    const args = ["profile", "--out", "p", "--addr", url];
    expect(await cli(args, { cwd })).toEqual({
      exit: 2,
      stdout: "",
      stderr: "connect-clue: p exists; --force replaces it, --out names another\n",
    });
    expect({ requests, p: readFileSync(join(cwd, "p"), "utf8") }).toEqual({ requests: [], p: "precious" });
    expect((await cli([...args, "--force"], { cwd })).exit).toBe(0);
    expect(readFileSync(join(cwd, "p"))).toEqual(Buffer.from(cpu));
    expect(readdirSync(cwd)).toEqual(["p"]);
  });

  it("must have a place", async () => {
    const { url, requests } = await profiling(...pieces(cpu));
    const { exit, stdout, stderr } = await cli(["profile", "--out", "no/such/p", "--addr", url]);
    expect({ exit, stdout, requests }).toEqual({ exit: 2, stdout: "", requests: [] });
    expect(stderr).toMatch(/^connect-clue: can't write no\/such\/p: ENOENT: [^\n]+\n$/);
  });

  const incomplete: readonly Event[] = [{ event: { case: "chunk", value: new Uint8Array(5) } }];
  it.each<[string, readonly Event[]]>([
    ["ends without done", incomplete],
    ["is not as large as it says", [...incomplete, { event: { case: "done", value: { size: 6n } } }]],
  ])("is not left when it %s", async (_, events) => {
    const { url } = await profiling(...events);
    const cwd = emptyFolder();
    expect(await cli(["profile", "--addr", url], { cwd })).toEqual({
      exit: 5,
      stdout: "",
      stderr: "connect-clue: the server has ended the profile before it was complete\n",
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("is not left when the server fails in the middle", async () => {
    const { url } = await startFake({
      debug: {
        async *captureProfile() {
          yield* incomplete;
          throw new ConnectError("out of memory", Code.ResourceExhausted);
        },
      },
    });
    const cwd = emptyFolder();
    expect(await cli(["profile", "--addr", url], { cwd })).toEqual({
      exit: 5,
      stdout: "",
      stderr: `connect-clue: resource_exhausted from ${url}: out of memory\n`,
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each(["1.1", "2"] as const)(
    "is not left at Ctrl-C, and the server stops, over HTTP/%s",
    async (http) => {
      let left = false;
      const { url } = await startFake({
        http,
        debug: {
          async *captureProfile(_, { signal }) {
            yield* incomplete;
            await once(signal, "abort");
            left = true;
          },
        },
      });
      const cwd = emptyFolder();
      const program = startCli(["profile", "--out", "p", "--addr", url], { cwd });
      await until(() =>
        readdirSync(cwd).some((file) => file.endsWith(".part") && readFileSync(join(cwd, file)).length === 5),
      );
      program.child.kill("SIGINT");
      expect(await program.ended).toBe(130);
      await until(() => left);
      expect({ files: readdirSync(cwd), stdout: program.stdout, stderr: program.stderr }).toEqual({
        files: [],
        stdout: "",
        stderr: "",
      });
    },
  );
});
