import { getEventListeners } from "node:events";
import { type DiagLogger, diag } from "@opentelemetry/api";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { bytesOf, exchange, type HttpVersion, textOf } from "../../test/support/http-exchange.js";
import { startNodeServer } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";
import { type HttpGet, type HttpRequest, type HttpResponse, handleGets, queryOf } from "./http-handler.js";

const reports: unknown[][] = [];

beforeEach(() => {
  reports.length = 0;
  const logger = { error: (...args: unknown[]) => void reports.push(args) } as unknown as DiagLogger;
  diag.setLogger(logger, { suppressOverrideMessage: true });
  onTestFinished(() => diag.disable());
});

describe.each<HttpVersion>(["HTTP/1.1", "HTTP/2"])("over %s", (version) => {
  it("answers with bytes as they are", async () => {
    const body = Uint8Array.from({ length: 256 }, (_, n) => n);
    const url = await serve(() => ({ status: 200, headers: { "content-type": "a/b" }, body }));
    const answer = await exchange(url, { version });
    expect([answer.status, answer.headers]).toEqual([
      200,
      { "content-type": "a/b", "content-length": "256" },
    ]);
    expect([...(await bytesOf(answer))]).toEqual([...body]);
  });

  it("answers with the pieces of a body in their order", async () => {
    const source = piecesOf(["one ", "", "two ", "three"]);
    const answer = await exchange(await serve(source.get), { version });
    expect([answer.status, answer.headers]).toEqual([200, { "content-type": "text/x" }]);
    expect(await textOf(answer)).toBe("one two three");
    expect(source).toMatchObject({ pulled: 4, isLeft: true });
    expect(reports).toEqual([]);
  });

  it("asks for no more than the client takes", async () => {
    const megabyte = "x".repeat(1024 * 1024);
    const source = piecesOf(Array.from({ length: 50 }, () => megabyte));
    const answer = await exchange(await serve(source.get), { version });
    await until(() => source.pulled > 0);
    await quiet(() => source.pulled);
    expect(source.pulled).toBeLessThan(20);
    expect(getEventListeners(source.client ?? new EventTarget(), "abort").length).toBe(1);
    expect((await bytesOf(answer)).length).toBe(50 * 1024 * 1024);
    expect(source.pulled).toBe(50);
    expect(getEventListeners(source.client ?? new EventTarget(), "abort")).toEqual([]);
  });

  it("asks for no more when the client has gone, and the body hears of it", async () => {
    const source = piecesOf(Array.from({ length: 1000 }, () => "x".repeat(100_000)));
    const answer = await exchange(await serve(source.get), { version });
    answer.leave();
    await until(() => source.isLeft);
    expect(source.pulled).toBeLessThan(1000);
    expect(source.client?.aborted).toBe(true);
    expect(reports).toEqual([]);
  });

  it("tells who answers that the client has gone before there was an answer", async () => {
    const asked = gate();
    const heard = gate();
    const url = await serve(async (_, client) => {
      asked.open();
      client.addEventListener("abort", () => heard.open());
      await heard.opened;
      throw new Error("given up");
    });
    await expect(exchange(url, { version, leaveWhen: asked.opened })).rejects.toBeDefined();
    await heard.opened;
    expect(reports).toEqual([]);
  });

  it("does not tell of a client that has its answer", async () => {
    let heard: AbortSignal | undefined;
    const url = await serve((_, client) => {
      heard = client;
      return { status: 200, headers: {}, body: "all" };
    });
    await textOf(await exchange(url, { version }));
    await textOf(await exchange(url, { version }));
    expect(heard?.aborted).toBe(false);
  });

  it("breaks off when a piece fails, such that the client sees it", async () => {
    const source = piecesOf(["half ", new Error("lost")]);
    const url = await serve(source.get);
    await expect(exchange(url, { version }).then(textOf)).rejects.toThrow();
    expect(reports).toEqual([["connect-clue: /x could not be answered", new Error("lost")]]);
  });

  it("answers 500 for what fails before the answer, and says nothing more", async () => {
    const url = await serve(() => {
      throw new Error("secret");
    });
    const answer = await exchange(url, { version });
    expect([answer.status, await textOf(answer)]).toEqual([500, "internal error\n"]);
    expect(reports).toEqual([["connect-clue: /x could not be answered", new Error("secret")]]);
  });

  it("answers HEAD without asking for a piece", async () => {
    const source = piecesOf(["one"]);
    const answer = await exchange(await serve(source.get), { version, method: "HEAD" });
    expect([answer.status, answer.headers]).toEqual([200, { "content-type": "text/x" }]);
    expect(await textOf(answer)).toBe("");
    expect(source.pulled).toBe(0);
  });
});

describe("handleGets", () => {
  it.each<[name: string, gone: Partial<HttpResponse>]>([
    ["HTTP/1.1", { destroyed: true }],
    ["HTTP/2", { stream: { destroyed: true } }],
  ])("asks nothing for a client of %s that had gone before", (_, gone) => {
    let asked = 0;
    const get: HttpGet = () => {
      asked++;
      return { status: 200, headers: {}, body: "" };
    };
    const response = { ...gone } as HttpResponse;
    handleGets(new Map([["/x", get]]))({ url: "/x", method: "GET" } satisfies HttpRequest, response);
    expect(asked).toBe(0);
  });
});

describe("queryOf", () => {
  it.each([
    ["/x", []],
    [undefined, []],
    [
      "/x?a=b&c",
      [
        ["a", "b"],
        ["c", ""],
      ],
    ],
  ])("%j", (url, entries) => {
    expect([...queryOf({ url })]).toEqual(entries);
  });
});

/** Serves one path, and gives its URL. */
async function serve(get: HttpGet): Promise<string> {
  const server = await startNodeServer({ handler: handleGets(new Map([["/x", get]])) });
  return `${server.url}/x`;
}

/** A body of some pieces; an error is thrown in place of one. It counts what is asked of it. */
function piecesOf(pieces: readonly (string | Error)[]) {
  const source = {
    pulled: 0,
    isLeft: false,
    client: undefined as AbortSignal | undefined,
    get: ((_, client) => {
      source.client = client;
      return { status: 200, headers: { "content-type": "text/x" }, body: body() };
    }) satisfies HttpGet,
  };
  return source;

  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of pieces) {
        source.pulled++;
        if (piece instanceof Error) throw piece;
        yield Buffer.from(piece);
      }
    } finally {
      source.isLeft = true;
    }
  }
}

/** Waits until a number has not changed for many turns of the event loop. */
async function quiet(read: () => number, turns = 200): Promise<void> {
  let last = read();
  for (let still = 0; still < turns; still++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() !== last) still = 0;
    last = read();
  }
}
