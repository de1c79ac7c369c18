import { createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  type CaptureProfileResponse,
  DebugService,
  CaptureProfileRequest_Format as Format,
  CaptureProfileRequest_Kind as Kind,
} from "../../../gen/clue/debug/v1/debug_pb.js";
import { captureProfileMethod } from "./capture-method.js";

const client = createClient(
  DebugService,
  createRouterTransport((router) => {
    router.service(DebugService, { captureProfile: captureProfileMethod({ maxDurationMs: 2000 }) });
  }),
);

const shortly = { kind: Kind.CPU, format: Format.CHROME, duration: { seconds: 0n, nanos: 50_000_000 } };

describe("CaptureProfile", () => {
  it("answers with progress, the pieces of the file, and its end", async () => {
    const events: CaptureProfileResponse["event"][] = [];
    for await (const { event } of client.captureProfile(shortly)) events.push(event);
    const [progress, ...rest] = events;
    const done = rest.pop();
    expect(progress).toMatchObject({
      case: "progress",
      value: { elapsed: { seconds: 0n }, total: { seconds: 0n, nanos: 50_000_000 } },
    });
    const chunks = rest.map((event) => (event.case === "chunk" ? event.value : new Uint8Array()));
    const file = Buffer.concat(chunks);
    expect(done).toMatchObject({
      case: "done",
      value: { fileName: expect.stringMatching(/^cpu-.*\.cpuprofile$/), size: BigInt(file.length) },
    });
    expect(JSON.parse(file.toString())).toHaveProperty("nodes");
  });

  it("refuses what makes no sense", async () => {
    const seconds = { kind: Kind.CPU, duration: { seconds: 3n } };
    await expect(client.captureProfile(seconds)[Symbol.asyncIterator]().next()).rejects.toThrow(
      "[invalid_argument] duration: expected more than 0s and at most 2s, got 3s",
    );
  });

  it("stops the profile when its call is cancelled", async () => {
    const controller = new AbortController();
    const long = { ...shortly, duration: { seconds: 2n } };
    const events = client.captureProfile(long, { signal: controller.signal })[Symbol.asyncIterator]();
    await events.next();
    controller.abort();
    await expect(events.next()).rejects.toThrow("[canceled]");
    const again = client.captureProfile(shortly)[Symbol.asyncIterator]();
    expect((await again.next()).value).toMatchObject({ event: { case: "progress" } });
    for (let next = await again.next(); next.done !== true; next = await again.next());
  });
});
