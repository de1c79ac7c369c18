import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import { says } from "../../test/support/chat-process.js";
import { cli, startCli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

const check = ({ service }: { service: string }) => {
  if (service === "nobody") throw new ConnectError("unknown service", Code.NotFound);
  return { status: service === "down" ? Status.NOT_SERVING : Status.SERVING };
};

describe("health", () => {
  it.each([
    [[], 0, "SERVING"],
    [["chat.v1.ChatService"], 0, "SERVING"],
    [["down"], 1, "NOT_SERVING"],
    [["nobody"], 1, "SERVICE_UNKNOWN"],
  ])("%j ends with %d", async (args, exit, status) => {
    const { url, requests } = await startFake({ health: { check } });
    expect(await cli(["health", ...args, "--addr", url])).toEqual({
      exit,
      stdout: `${status}\n`,
      stderr: "",
    });
    expect(await cli(["health", ...args, "--json", "--addr", url])).toEqual({
      exit,
      stdout: `${JSON.stringify({ service: args[0] ?? "", status })}\n`,
      stderr: "",
    });
    expect(requests[0]?.message).toMatchObject({ service: args[0] ?? "" });
  });
});

describe("health --watch", () => {
  const watching = (...statuses: Status[]) =>
    startFake({
      health: {
        async *watch(_, { signal }) {
          for (const status of statuses) yield { status };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });

  it("writes a line for each status, until Ctrl-C", async () => {
    const { url } = await watching(Status.NOT_SERVING, Status.SERVING);
    const program = startCli(["health", "--watch", "--addr", url]);
    await says(program, "stdout", / SERVING\n$/);
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(130);
    expect(program.stdout.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm, "at ")).toBe(
      "at NOT_SERVING\nat SERVING\n",
    );
    expect(program.stderr).toBe("");
  });

  it.each([
    [Status.SERVING, 0],
    [Status.NOT_SERVING, 1],
  ])("ends with what was last when the time is up", async (status, exit) => {
    const { url } = await watching(Status.UNKNOWN, status);
    const result = await cli(["health", "s", "--watch", "--json", "--timeout", "1s", "--addr", url]);
    const lines = result.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect({ ...result, stdout: lines }).toEqual({
      exit,
      stdout: [
        { time: expect.stringMatching(/Z$/), service: "s", status: "UNKNOWN" },
        { time: expect.stringMatching(/Z$/), service: "s", status: Status[status] },
      ],
      stderr: "",
    });
  });

  it("ends with 3 when the server ends it", async () => {
    const { url } = await startFake({ health: { async *watch() {} } });
    expect(await cli(["health", "--watch", "--addr", url])).toEqual({
      exit: 3,
      stdout: "",
      stderr: "connect-clue: the server has ended the stream\n",
    });
  });
});
