import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { cli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

const expiresAt = timestampFromMs(Date.parse("2126-11-21T10:43:01Z"));
// A test may take some seconds: the time that is left is shown in minutes here.
const inHours = (hours: number) => timestampFromMs(Date.now() + hours * 3_600_000 + 20_000);

describe("debug on", () => {
  it("switches debug logs on for everything", async () => {
    const rules = [{ id: 3n, expiresAt: inHours(3) }];
    const { url, requests } = await startFake({ debug: { setDebugLogs: () => ({ rules }) } });
    expect(await cli(["debug", "on", "--addr", url])).toEqual({
      exit: 0,
      stdout: "Debug logs are on for:\nRULE  METHOD      ENDS IN\n   3  everything    3h00m\n",
      stderr: "",
    });
    expect(requests[0]?.message).toEqual({
      $typeName: "clue.debug.v1.SetDebugLogsRequest",
      enabled: true,
      method: "",
      headers: {},
    });
  });

  it("sends what it is told, and shows all rules", async () => {
    const rules = [
      {
        id: 3n,
        method: "chat.v1.*",
        headers: { "x-user": "bob", "x-org": "a\u001b[31m" },
        expiresAt: inHours(3),
      },
      { id: 12n, method: "*/Say", expiresAt: inHours(-1) },
    ];
    const { url, requests } = await startFake({ debug: { setDebugLogs: () => ({ rules }) } });
    const headers = ["--header", "X-User: bob", "--header", "x-org:a: b"];
    const args = ["debug", "on", "--ttl", "5m", "--method", "chat.v1.*", ...headers, "--addr", url];
    expect(await cli(args)).toEqual({
      exit: 0,
      stdout: [
        "Debug logs are on for:",
        "RULE  METHOD     HEADERS                          ENDS IN",
        "   3  chat.v1.*  x-user: bob, x-org: a\\u001b[31m    3h00m",
        "  12  */Say                                            0s",
        "",
      ].join("\n"),
      stderr: "",
    });
    expect(requests[0]?.message).toMatchObject({
      enabled: true,
      method: "chat.v1.*",
      headers: { "x-user": "bob", "x-org": "a: b" },
      ttl: { seconds: 300n, nanos: 0 },
    });
  });

  it.each([
    [
      ["--ttl", "5"],
      "option '--ttl <duration>' argument '5' is invalid. Expected a duration such as 300ms, 10s, 5m or 2h.",
    ],
    [
      ["--header", "x-user"],
      "option '--header <name:value>' argument 'x-user' is invalid. Expected 'name: value'.",
    ],
    [
      ["--header", "X-User: bob", "--header", "x-user: eve"],
      "option '--header <name:value>' argument 'x-user: eve' is invalid. Expected each header once.",
    ],
  ])("refuses %j", async (args, text) => {
    expect(await cli(["debug", "on", ...args])).toEqual({
      exit: 2,
      stdout: "",
      stderr: `connect-clue: ${text}\n`,
    });
  });
});

describe("debug off", () => {
  it("removes all rules", async () => {
    const { url, requests } = await startFake({ debug: { setDebugLogs: () => ({}) } });
    expect(await cli(["debug", "off", "--addr", url])).toEqual({
      exit: 0,
      stdout: "Debug logs are off.\n",
      stderr: "",
    });
    expect(requests[0]?.message).toMatchObject({ enabled: false, method: "", headers: {} });
  });

  it("removes one rule, and shows the others", async () => {
    const rules = [{ id: 4n, method: "*/Say", expiresAt }];
    const { url, requests } = await startFake({ debug: { setDebugLogs: () => ({ rules }) } });
    expect(await cli(["debug", "off", "--method", "chat.v1.*", "--json", "--addr", url])).toEqual({
      exit: 0,
      stdout: '{"rules":[{"id":"4","method":"*/Say","headers":{},"expiresAt":"2126-11-21T10:43:01Z"}]}\n',
      stderr: "",
    });
    expect(requests[0]?.message).toMatchObject({ enabled: false, method: "chat.v1.*" });
  });
});

describe("debug status", () => {
  it("tells when debug logs are off", async () => {
    const { url } = await startFake({ debug: { getDebugLogs: () => ({}) } });
    expect(await cli(["debug", "status", "--addr", url])).toEqual({
      exit: 0,
      stdout: "Debug logs are off.\n",
      stderr: "",
    });
    expect(await cli(["debug", "status", "--json", "--addr", url])).toEqual({
      exit: 0,
      stdout: '{"rules":[]}\n',
      stderr: "",
    });
  });
});

it("debug alone shows its commands", async () => {
  const { exit, stdout, stderr } = await cli(["debug"]);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
  expect(stderr).toContain("Usage: connect-clue debug [options] [command]");
});
