import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttp1Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { root } from "../../test/support/built.js";
import { cli, emptyFolder } from "../../test/support/cli.js";
import { listen, startFake } from "../../test/support/fake-debug.js";
import { testCertificate } from "../../test/support/tls.js";

const debug = { getDebugLogs: () => ({}) };
const status = ["debug", "status"];
const off = { exit: 0, stdout: "Debug logs are off.\n", stderr: "" };

describe("a server", () => {
  it.each(["1.1 and 2", "1.1", "2"] as const)("that speaks HTTP %s is spoken to", async (http) => {
    const { url, requests } = await startFake({ debug, http });
    expect(await cli([...status, "--addr", url])).toEqual(off);
    expect(requests).toMatchObject([{ protocol: "application/proto" }]);
  });

  it.each(["TLS 1.1 and 2", "TLS 1.1"] as const)("that speaks HTTP over %s is spoken to", async (http) => {
    const { url } = await startFake({ debug, http });
    const ca = join(emptyFolder(), "ca.pem");
    writeFileSync(ca, testCertificate);
    expect(await cli([...status, "--addr", url, "--ca", ca])).toEqual(off);
    expect(await cli([...status, "--addr", url.replace("127.0.0.1", "localhost"), "--insecure"])).toEqual(
      off,
    );
  });

  it.each([
    ["grpc", "application/grpc+proto"],
    ["grpc-web", "application/grpc-web+proto"],
  ])("is spoken to with %s", async (protocol, type) => {
    const { url, requests } = await startFake({ debug });
    expect(await cli([...status, "--protocol", protocol, "--addr", url])).toEqual(off);
    expect(requests).toMatchObject([{ protocol: type }]);
  });

  it("is at --addr or CLUE_DEBUG_ADDR, as host:port or as a URL with a path", async () => {
    const { port } = await startFake({ debug });
    const env = { CLUE_DEBUG_ADDR: `127.0.0.1:${port}` };
    expect(await cli(status, { env })).toEqual(off);
    expect(
      await cli(["--addr", `http://127.0.0.1:${port}/`, ...status], {
        env: { CLUE_DEBUG_ADDR: "nowhere:1" },
      }),
    ).toEqual(off);
    const { exit, stderr } = await cli([...status, "--addr", `http://127.0.0.1:${port}/api`]);
    expect({ exit, stderr }).toEqual({
      exit: 5,
      stderr: `connect-clue: http://127.0.0.1:${port} does not serve this: HTTP 404. Is the service mounted (debugRoutes of connect-clue/debug, healthRoutes of connect-clue/health) at this --addr?\n`,
    });
  });
});

describe("a token", () => {
  const refused = (url: string, hint: string) => ({
    exit: 4,
    stdout: "",
    stderr: `connect-clue: ${url} refuses: the token is wrong or missing. ${hint}\n`,
  });

  it("is sent from --token or CLUE_DEBUG_TOKEN, and never shown", async () => {
    const { url, requests } = await startFake({ debug, token: "s3cret" });
    expect(await cli([...status, "--addr", url, "--token", "s3cret"])).toEqual(off);
    expect(await cli([...status, "--addr", url], { env: { CLUE_DEBUG_TOKEN: "s3cret" } })).toEqual(off);
    expect(await cli([...status, "--addr", url], { env: { CLUE_DEBUG_TOKEN: "wr0ng" } })).toEqual(
      refused(url, "Is the token (--token or CLUE_DEBUG_TOKEN) the server's?"),
    );
    expect(await cli([...status, "--addr", url], { env: { CLUE_DEBUG_TOKEN: "" } })).toEqual(
      refused(url, "Give the token with CLUE_DEBUG_TOKEN or --token"),
    );
    expect(requests.map(({ authorization }) => authorization)).toEqual([
      "Bearer s3cret",
      "Bearer s3cret",
      "Bearer wr0ng",
      null,
    ]);
    expect((await cli(["--help"], { env: { CLUE_DEBUG_TOKEN: "s3cret" } })).stdout).not.toContain("s3cret");
  });

  it("that no header can hold is refused, unseen", async () => {
    expect(await cli(status, { env: { CLUE_DEBUG_TOKEN: "s3cret\n" } })).toEqual({
      exit: 2,
      stdout: "",
      stderr:
        "connect-clue: --token or CLUE_DEBUG_TOKEN: there are spaces, line ends or other characters in it that no token has\n",
    });
  });
});

describe("an address", () => {
  const invalid = (text: string, expected: string) =>
    `connect-clue: option '--addr <address>' argument '${text}' is invalid. ${expected}\n`;

  it.each([
    ["", "can't reach http://localhost:8080: nothing listens there", 3],
    ["ftp://localhost", "Expected host:port, or a URL such as https://host:port.", 2],
    ["local host", "Expected host:port, or a URL such as https://host:port.", 2],
    ["localhost:80x", "Expected host:port, or a URL such as https://host:port.", 2],
    ["localhost?a=b", "Expected no query and no fragment.", 2],
  ])("%j: %s", async (address, text, exit) => {
    const result = await cli([...status, "--addr", address]);
    expect(result.exit).toBe(exit);
    if (exit === 2) expect(result.stderr).toBe(invalid(address, text));
    else expect(result.stderr).toContain(text);
  });

  it("with a password is refused, unseen", async () => {
    expect(await cli([...status, "--addr", "http://user:s3cret@localhost"])).toEqual({
      exit: 2,
      stdout: "",
      stderr:
        "connect-clue: --addr: expected no user and no password in it; CLUE_DEBUG_TOKEN takes the token\n",
    });
  });
});

describe("a server that can't be reached", () => {
  const unreachable = (url: string, why: string) => ({
    exit: 3,
    stdout: "",
    stderr: `connect-clue: can't reach ${url}: ${why}\n`,
  });

  it("is not there", async () => {
    const { url, destroy } = await startFake({});
    await destroy();
    expect(await cli([...status, "--addr", url])).toEqual(
      unreachable(url, "nothing listens there. Is the server up? --addr says where it is"),
    );
    expect(await cli([...status, "--addr", "no-such-host.invalid:80"])).toEqual(
      unreachable("http://no-such-host.invalid", "no such host: no-such-host.invalid"),
    );
  });

  it("expects TLS", async () => {
    const { port } = await startFake({ debug, http: "TLS 1.1 and 2" });
    expect(await cli([...status, "--addr", `127.0.0.1:${port}`])).toEqual(
      unreachable(`http://127.0.0.1:${port}`, `it speaks TLS; try https://127.0.0.1:${port}`),
    );
  });

  it.each(["1.1 and 2", "1.1", "2"] as const)("has no TLS, and speaks HTTP/%s", async (http) => {
    const { port } = await startFake({ debug, http });
    const { exit, stderr } = await cli([...status, "--addr", `https://127.0.0.1:${port}`]);
    expect(exit).toBe(3);
    expect(stderr).toMatch(
      /^connect-clue: can't reach https:\/\/127.0.0.1:\d+: it [^\n]+; try http:\/\/127.0.0.1:\d+\n$/,
    );
  });

  it("has a certificate that nobody knows", async () => {
    const { url } = await startFake({ debug, http: "TLS 1.1 and 2" });
    expect(await cli([...status, "--addr", url])).toEqual(
      unreachable(
        url,
        "its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); --ca names the file of who signed it",
      ),
    );
    expect(await cli([...status, "--addr", url, "--ca", "nowhere.pem"])).toEqual({
      exit: 2,
      stdout: "",
      stderr:
        "connect-clue: --ca: can't read the file: ENOENT: no such file or directory, open 'nowhere.pem'\n",
    });
  });

  it("is silent", async () => {
    const { port, destroy } = await listen(createTcpServer());
    const address = `127.0.0.1:${port}`;
    expect(await cli([...status, "--timeout", "300ms", "--addr", address])).toEqual(
      unreachable(`http://${address}`, "no answer in time; --timeout gives it more"),
    );
    await destroy();
  });

  it("closes the connection", async () => {
    const { port, destroy } = await listen(createTcpServer((socket) => socket.end()));
    expect(await cli([...status, "--addr", `127.0.0.1:${port}`])).toEqual(
      unreachable(`http://127.0.0.1:${port}`, "it closes the connection without an answer"),
    );
    await destroy();
  });

  it.each(["1.1", "2"] as const)("does not answer the call, over HTTP/%s", async (http) => {
    const { url } = await startFake({ http, debug: { getDebugLogs: () => new Promise(() => {}) } });
    expect(await cli([...status, "--timeout", "300ms", "--addr", url])).toEqual({
      exit: 3,
      stdout: "",
      stderr: `connect-clue: no answer from ${url} in time; --timeout gives it more\n`,
    });
  });
});

describe("a server that answers otherwise", () => {
  it.each([
    [Code.Unavailable, 3, (url: string) => `${url} is not available: so it is\\u001b`],
    [
      Code.Unauthenticated,
      4,
      (url: string) => `${url} refuses: so it is\\u001b. Give the token with CLUE_DEBUG_TOKEN or --token`,
    ],
    [Code.ResourceExhausted, 5, (url: string) => `resource_exhausted from ${url}: so it is\\u001b`],
    [Code.Internal, 5, (url: string) => `internal from ${url}: so it is\\u001b`],
  ])("with code %d ends with %d", async (code, exit, text) => {
    const fails = () => {
      throw new ConnectError("so it is\u001b", code);
    };
    const { url } = await startFake({ debug: { getDebugLogs: fails } });
    expect(await cli([...status, "--addr", url])).toEqual({
      exit,
      stdout: "",
      stderr: `connect-clue: ${text(url)}\n`,
    });
  });

  it("is no server of Connect", async () => {
    const html = createHttp1Server((_, response) =>
      response.setHeader("content-type", "text/html").end("<html>"),
    );
    const { port, destroy } = await listen(html);
    const { exit, stderr } = await cli([...status, "--addr", `127.0.0.1:${port}`]);
    expect({ exit, stderr }).toEqual({
      exit: 5,
      stderr: `connect-clue: unknown from http://127.0.0.1:${port}: unsupported content type text/html. Is there a server of Connect at this --addr?\n`,
    });
    await destroy();
  });

  it("speaks HTTP/1.1 where gRPC was asked for", async () => {
    const { url } = await startFake({ debug, http: "1.1" });
    expect(await cli([...status, "--protocol", "grpc", "--addr", url])).toEqual({
      exit: 2,
      stdout: "",
      stderr: `connect-clue: ${url} speaks HTTP/1.1 only, and gRPC needs HTTP/2: leave --protocol out\n`,
    });
  });
});

describe("a package that is missing", () => {
  it.each(["@connectrpc/connect-node", "@bufbuild/protobuf"])("is named: %s", async (missing) => {
    expect(await cli(status, { command: installedWithout(missing) })).toEqual({
      exit: 2,
      stdout: "",
      stderr: `connect-clue: ${missing} is not installed. npm install ${missing}, or: npx -p connect-clue -p ${missing} connect-clue ...\n`,
    });
  });

  it("is not missed where no connection is made", async () => {
    const command = installedWithout("@connectrpc/connect-node");
    for (const args of [["--help"], ["--version"], ["tail", "--help"]]) {
      expect(await cli(args, { command })).toEqual({ ...(await cli(args)), exit: 0, stderr: "" });
    }
    expect(await cli(["cals"], { command })).toEqual({
      exit: 2,
      stdout: "",
      stderr: "connect-clue: unknown command 'cals'\n(Did you mean calls?)\n",
    });
    expect(await cli(["profile", "trace", "--format", "pprof"], { command })).toEqual({
      exit: 2,
      stdout: "",
      stderr: "connect-clue: --format: expected chrome for trace\n",
    });
  });
});

/** The client, in a folder that has all packages but one. */
function installedWithout(missing: string): [string, string] {
  const folder = emptyFolder();
  cpSync(join(root, "dist/src/cli"), join(folder, "dist/src/cli"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  linkPackages(folder, missing);
  return [process.execPath, join(folder, "dist/src/cli/main.js")];
}

/** All packages that the client needs, but one. */
function linkPackages(folder: string, missing: string): void {
  for (const name of ["@bufbuild/protobuf", "@connectrpc/connect", "@connectrpc/connect-node"]) {
    if (name === missing) continue;
    const link = join(folder, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
}
