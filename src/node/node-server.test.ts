import { once } from "node:events";
import { ServerResponse } from "node:http";
import { connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as tlsConnect } from "node:tls";
import { runInNewContext } from "node:vm";
import { type DiagLogger, diag } from "@opentelemetry/api";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ClientWay,
  chatClient,
  chatHandler,
  rawConnection,
  rawSocket,
  startNodeServer,
} from "../../test/support/node-server.js";
import { testCertificate, testKey } from "../../test/support/tls.js";
import { transportKey } from "../call/transport.js";
import { createNodeServer, type NodeServerOptions, type PrivateListenerOptions } from "./index.js";

const tls = { cert: testCertificate, key: testKey };
const ways: readonly ClientWay[] = ["gRPC", "gRPC-Web", "Connect over HTTP/2", "Connect over HTTP/1.1"];

describe("one port", () => {
  it.each(ways)("without TLS: %s", async (way) => {
    const { url } = await startNodeServer();
    expect((await chatClient(url, way).say({ text: "hi" })).text).toBe("you said: hi");
  });

  it.each(ways)("with TLS: %s", async (way) => {
    const { url } = await startNodeServer({ tls });
    expect(url).toMatch(/^https:/);
    expect((await chatClient(url, way).say({ text: "hi" })).text).toBe("you said: hi");
  });

  it("fetch", async () => {
    const { url } = await startNodeServer();
    const response = await fetch(`${url}/chat.v1.ChatService/Say`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"text":"hi"}',
    });
    expect([response.status, await response.json()]).toEqual([200, { text: "you said: hi" }]);
  });

  it("HTTP/1.1 when a client asks to go on with HTTP/2, as curl --http2 does", async () => {
    const { port } = await startNodeServer({ handler: told });
    const upgrade =
      "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    const { closed } = rawConnection(port, `GET /a HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n`);
    expect(bodyOf(await closed)).toBe("1.1 GET /a");
  });

  it.each([
    ["without a choice of protocol", undefined, false],
    ["that chooses HTTP/1.1", ["http/1.1"], "http/1.1"],
  ])("with TLS, HTTP/1.1 for a client %s", async (_, ALPNProtocols, chosen) => {
    const { port } = await startNodeServer({ tls, handler: told });
    const options = ALPNProtocols && { ALPNProtocols };
    const socket = tlsConnect({ port, host: "127.0.0.1", ca: testCertificate, ...options });
    const { closed } = rawSocket(socket, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(bodyOf(await closed)).toBe("1.1 GET /a");
    expect(socket.alpnProtocol).toBe(chosen);
  });
});

describe("url", () => {
  it("is localhost for all interfaces, which IPv4 and IPv6 reach", async () => {
    const server = await createNodeServer({ handler: told, port: 0 });
    onTestFinished(() => void server.destroy());
    expect(server.url).toBe(`http://localhost:${server.port}`);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()).toBe("1.1 GET /a");
    expect(await (await fetch(`http://[::1]:${server.port}/a`)).text()).toBe("1.1 GET /a");
  });

  it.each([
    ["0.0.0.0", "localhost"],
    ["::", "localhost"],
    ["localhost", "localhost"],
    ["::1", "[::1]"],
  ])("%s", async (host, shown) => {
    const { url, port } = await startNodeServer({ host });
    expect(url).toBe(`http://${shown}:${port}`);
  });

  it.each(ways)("of IPv6 serves %s", async (way) => {
    const { url } = await startNodeServer({ host: "::1" });
    expect((await chatClient(url, way).say({ text: "hi" })).text).toBe("you said: hi");
  });
});

describe("the private listener", () => {
  it("has the handler of the public port, which can tell them apart", async () => {
    const handler = chatHandler({
      say: (_, { values }) => ({ text: String(values.get(transportKey)?.isPrivate) }),
    });
    const server = await startNodeServer({ handler, private: { port: 0 } });
    const urls = [server.url, server.privateListener?.url ?? ""];
    for (const way of ways) {
      const said = await Promise.all(urls.map((url) => chatClient(url, way).say({})));
      expect(said.map(({ text }) => text)).toEqual(["false", "true"]);
    }
  });

  it("has a handler, a host and TLS of its own", async () => {
    const server = await startNodeServer({ private: { port: 0, host: "localhost", handler: told, tls } });
    const { url, port } = server.privateListener ?? { url: "", port: 0 };
    expect(url).toBe(`https://localhost:${port}`);
    const request = httpsRequest(`${url}/a`, { ca: testCertificate }).end();
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(200);
    response.socket.destroy();
  });

  it("is gone when the public port can't be had", async () => {
    const { port } = await startNodeServer();
    const free = await startNodeServer();
    free.destroy();
    await free.close();
    await expect(
      createNodeServer({ handler: told, port, host: "127.0.0.1", private: { port: free.port } }),
    ).rejects.toMatchObject({ code: "EADDRINUSE" });
    await startNodeServer({ port: free.port });
  });
});

describe("what can't be", () => {
  it("a port that is taken: the error names host and port", async () => {
    const { port } = await startNodeServer();
    await expect(createNodeServer({ handler: told, port, host: "127.0.0.1" })).rejects.toThrow(
      `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ handler: undefined }, "createNodeServer: handler: expected a function, got undefined"],
    [{ port: "80" }, 'createNodeServer: port: expected a whole number from 0 to 65535, got "80"'],
    [{ port: 65536 }, "createNodeServer: port: expected a whole number from 0 to 65535, got 65536"],
    [{ host: "" }, 'createNodeServer: host: expected a name or address, got ""'],
    [
      { tls: { key: "k" } },
      "createNodeServer: tls: expected an object with cert, pfx or SNICallback, got an object",
    ],
    [
      { private: { port: -1 } },
      "createNodeServer: private: port: expected a whole number from 0 to 65535, got -1",
    ],
    [{ private: { port: 0, handler: 1 } }, "createNodeServer: private: handler: expected a function, got 1"],
    [
      { private: { port: 0, limit: 1 } },
      'createNodeServer: private: there is no option "limit"; there are handler, port, host, tls',
    ],
    [
      { idleTimeoutMs: 0 },
      "createNodeServer: idleTimeoutMs: expected a number of milliseconds from 1 to 2147483647, got 0",
    ],
    [
      { maxConnections: 1.5 },
      "createNodeServer: maxConnections: expected a whole number from 1 to 2147483647, got 1.5",
    ],
    [
      { maxHeaderBytes: 10 },
      "createNodeServer: maxHeaderBytes: expected a whole number from 1024 to 2147483647, got 10",
    ],
    ...(["headersTimeoutMs", "idleTimeoutMs"] as const).map((name): [Record<string, unknown>, string] => [
      { [name]: null },
      `createNodeServer: ${name}: expected a number of milliseconds from 1 to 2147483647, got null`,
    ]),
    ...(["maxConnections", "maxConcurrentStreams"] as const).map(
      (name): [Record<string, unknown>, string] => [
        { [name]: null },
        `createNodeServer: ${name}: expected a whole number from 1 to 2147483647, got null`,
      ],
    ),
    [
      { Host: "a" },
      'createNodeServer: there is no option "Host"; there are handler, port, host, tls, headersTimeoutMs, ' +
        "idleTimeoutMs, maxConnections, maxHeaderBytes, maxConcurrentStreams, private",
    ],
  ])("%j", async (bad, message) => {
    const options = { handler: told, port: 0, host: "127.0.0.1", ...bad } as unknown as NodeServerOptions;
    await expect(createNodeServer(options)).rejects.toThrow(new TypeError(message));
  });
});

it.each([
  [{ tls: { cert: "none", key: "none" } }, "createNodeServer: tls: "],
  [{ private: { port: 0, tls: { cert: "none", key: "none" } } }, "createNodeServer: private: tls: "],
])("a certificate that is none: the error names the option and keeps Node's: %j", async (bad, where) => {
  const error = await createNodeServer({ handler: told, port: 0, host: "127.0.0.1", ...bad }).catch(
    (error: unknown) => error as TypeError,
  );
  expect(error).toBeInstanceOf(TypeError);
  const { message, cause } = error as TypeError;
  expect(message).toBe(`${where}expected what Node makes a TLS server of: ${(cause as Error).message}`);
});

it("the private listener stays on 127.0.0.1 when its host is undefined", async () => {
  const second = { port: 0, host: undefined } as unknown as PrivateListenerOptions;
  const server = await startNodeServer({ private: second });
  expect(server.privateListener?.url).toBe(`http://127.0.0.1:${server.privateListener?.port}`);
});

describe("a handler that fails", () => {
  const failing: Record<string, NodeServerOptions["handler"]> = {
    throws: () => {
      throw new Error("broken");
    },
    rejects: () => Promise.reject(new Error("broken")),
    "rejects with a promise of another realm": () =>
      runInNewContext("Promise.reject(error)", { error: new Error("broken") }),
    "throws with headers of its own": (_request, response) => {
      response.statusCode = 201;
      for (const [name, value] of Object.entries(ownHeaders)) response.setHeader(name, value);
      throw new Error("broken");
    },
    "rejects after its headers": async (_request, response) => {
      response.writeHead(200);
      if (response instanceof ServerResponse) response.flushHeaders();
      throw new Error("broken");
    },
  };

  it.each(Object.keys(failing).filter((how) => how !== "rejects after its headers"))(
    "%s: 500, and it is reported",
    async (how) => {
      const reports = diagReports();
      const { url } = await startNodeServer({ handler: failing[how] ?? told });
      const response = await fetch(`${url}/a?secret=b`);
      expect([response.status, await response.text()]).toEqual([500, "internal error\n"]);
      expect(Object.fromEntries(response.headers)).toEqual({
        connection: "keep-alive",
        "content-length": "15",
        "content-type": "text/plain; charset=utf-8",
        date: expect.any(String),
        "keep-alive": expect.any(String),
      });
      expect(reports).toEqual([["connect-clue: /a could not be answered", new Error("broken")]]);
    },
  );

  it("answers with its next request on the same connection what belongs to it", async () => {
    diagReports();
    const handler: NodeServerOptions["handler"] = (request, response) =>
      request.url === "/"
        ? failing["throws with headers of its own"]?.(request, response)
        : told(request, response);
    const { port } = await startNodeServer({ handler });
    const gets = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const bodies = (await rawConnection(port, gets).closed).split(/HTTP\/1\.1.*?\r\n\r\n/s);
    expect(bodies).toEqual(["", "internal error\n", "1.1 GET /a"]);
  });

  it("throws with headers of its own, over HTTP/2: they are not sent", async () => {
    diagReports();
    const { url } = await startNodeServer({ handler: failing["throws with headers of its own"] ?? told });
    const session = connect(url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/" });
    const [headers] = await once(stream, "response");
    expect((await stream.setEncoding("utf8").toArray()).join("")).toBe("internal error\n");
    expect(Object.fromEntries(Object.entries(headers))).toEqual({
      ":status": 500,
      "content-length": "15",
      "content-type": "text/plain; charset=utf-8",
      date: expect.any(String),
    });
  });

  it("rejects after its headers: the response is cut, and it is reported", async () => {
    const reports = diagReports();
    const { url } = await startNodeServer({ handler: failing["rejects after its headers"] ?? told });
    const response = await fetch(`${url}/a`);
    await expect(response.text()).rejects.toThrow();
    expect(reports).toEqual([["connect-clue: /a could not be answered", new Error("broken")]]);
  });
});

const ownHeaders = {
  "Content-Length": "1000",
  "Content-Encoding": "gzip",
  "Set-Cookie": "a=b",
  "Transfer-Encoding": "chunked",
};

/** Answers with what it was asked. */
const told: NodeServerOptions["handler"] = (request, response) => {
  response.end(`${request.httpVersion} ${request.method} ${request.url}`);
};

function bodyOf(answer: string): string | undefined {
  return answer.split("\r\n\r\n")[1];
}

function diagReports(): unknown[] {
  const reports: unknown[] = [];
  const ignore = () => {};
  const logger: DiagLogger = {
    error: (...report) => void reports.push(report),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  };
  diag.setLogger(logger, { suppressOverrideMessage: true });
  onTestFinished(() => diag.disable());
  return reports;
}
