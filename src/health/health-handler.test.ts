import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fakeClock } from "connect-clue/fake-clock";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { createChecker } from "./create-checker.js";
import { type HealthHandlerOptions, healthHandler } from "./health-handler.js";
import type { Checker } from "./types.js";

const aPath = "false, or a path of its own that begins with /";

describe("healthHandler", () => {
  it("answers 200 with what is up", async () => {
    const { get } = await serve();
    expect(await get("/readyz")).toEqual({
      status: 200,
      headers: {
        "content-type": "application/json",
        "content-length": "72",
        "cache-control": "no-store",
        vary: "accept",
      },
      body: '{"uptime":0,"version":"abc123","status":{"postgres":"OK","redis":"OK"}}\n',
    });
    expect(await get("/healthz")).toEqual(await get("/readyz"));
  });

  it("leaves the status out where there are no dependencies", async () => {
    const { get } = await serve({ checker: createChecker() });
    expect((await get("/readyz")).body).toBe('{"uptime":0,"version":""}\n');
    expect((await get("/readyz", { accept: "text/xml" })).body).toBe(
      "<health><uptime>0</uptime><version></version></health>\n",
    );
  });

  it("answers 503 when a dependency is down, and does not say why", async () => {
    const { get, down } = await serve();
    down.add("redis");
    const body = '{"uptime":0,"version":"abc123","status":{"postgres":"OK","redis":"NOT OK"}}\n';
    expect(await get("/readyz")).toMatchObject({ status: 503, body });
    expect(await get("/healthz")).toMatchObject({ status: 503, body });
  });

  it.each<[what: string, act: (checker: Checker) => void, livez: number, readyz: number, healthz: number]>([
    ["nothing", () => {}, 200, 200, 200],
    ["the process set", (checker) => checker.set("liveness", "NOT_SERVING"), 503, 200, 503],
    ["the whole set", (checker) => checker.set("", "NOT_SERVING"), 200, 503, 503],
    ["a service set", (checker) => checker.set("shop.v1.Shop", "NOT_SERVING"), 200, 200, 503],
    ["a service set unknown", (checker) => checker.set("shop.v1.Shop", "UNKNOWN"), 200, 200, 503],
    ["shut down", (checker) => checker.shutdown(), 200, 503, 503],
    ["resumed", (checker) => [checker.shutdown(), checker.resume()], 200, 200, 200],
  ])("%s", async (_, act, livez, readyz, healthz) => {
    const { checker, get } = await serve();
    act(checker);
    const answers = await Promise.all(["/livez", "/readyz", "/healthz"].map((path) => get(path)));
    expect(answers.map(({ status }) => status)).toEqual([livez, readyz, healthz]);
  });

  it("/healthz needs more than /readyz: a dependency of one service", async () => {
    const checker = createChecker({
      logger: testLogger(),
      dependencies: [{ name: "mail", ping: () => false, critical: false, services: ["shop.v1.Shop"] }],
    });
    const { get } = await serve({ checker });
    const body = '{"uptime":0,"version":"","status":{"mail":"NOT OK"}}\n';
    expect(await get("/healthz")).toMatchObject({ status: 503, body });
    expect(await get("/readyz")).toMatchObject({ status: 200, body });
  });

  it("/readyz waits for no dependency that is not critical, and leaves out what it has not heard of", async () => {
    const answered = gate();
    const mail = { name: "mail", critical: false, services: ["shop.v1.Shop"], ping: () => answered.opened };
    const { get } = await serve({ checker: createChecker({ dependencies: [mail] }) });
    const { status, body } = await get("/readyz?verbose");
    const statuses = { "": "SERVING", liveness: "SERVING", readiness: "SERVING" };
    expect([status, JSON.parse(body)]).toEqual([
      200,
      {
        uptime: 0,
        version: "",
        ready: true,
        services: { ...statuses, "shop.v1.Shop": "NOT_SERVING" },
        dependencies: [],
      },
    ]);
    const healthz = get("/healthz");
    answered.open();
    expect(await healthz).toMatchObject({
      status: 200,
      body: '{"uptime":0,"version":"","status":{"mail":"OK"}}\n',
    });
  });

  it("/livez tells of the process alone, and pings nothing", async () => {
    const { get, down, pings } = await serve();
    down.add("redis");
    expect(await get("/livez?verbose")).toMatchObject({
      status: 200,
      body: '{"uptime":0,"version":"abc123"}\n',
    });
    expect(pings).toEqual([]);
  });

  it.each([
    ["?verbose", true],
    ["?verbose=", true],
    ["?verbose=1", true],
    ["?a=b&verbose=true", true],
    ["?verbose=false", false],
    ["?verbose=0", false],
    ["?verboser", false],
    ["?", false],
  ])("%s: verbose %s", async (query, isVerbose) => {
    const { get } = await serve();
    const { body } = await get(`/readyz${query}`);
    expect(Object.keys(JSON.parse(body))).toEqual([
      ...["uptime", "version", "status"],
      ...(isVerbose ? ["ready", "services", "dependencies"] : []),
    ]);
  });

  it("tells all when it is asked to, but no errors", async () => {
    const { get, down } = await serve();
    down.add("redis");
    const { body } = await get("/readyz?verbose");
    expect(JSON.parse(body)).toEqual({
      uptime: 0,
      version: "abc123",
      status: { postgres: "OK", redis: "NOT OK" },
      ready: false,
      services: {
        "": "NOT_SERVING",
        liveness: "SERVING",
        readiness: "NOT_SERVING",
        "shop.v1.Shop": "NOT_SERVING",
      },
      dependencies: [
        { name: "redis", up: false, critical: true, latency_ms: expect.any(Number) },
        { name: "postgres", up: true, critical: false, latency_ms: expect.any(Number) },
      ],
    });
  });

  it("writes XML for who prefers it", async () => {
    const { get, down } = await serve();
    down.add("redis");
    const { headers, body } = await get("/readyz?verbose", {
      accept: "application/xml, application/json;q=0.9",
    });
    expect(headers).toMatchObject({ "content-type": "application/xml", vary: "accept" });
    expect(body.replace(/<latency_ms>\d+(\.\d{1,3})?</g, "<latency_ms>…<")).toBe(
      `${[
        "<health><uptime>0</uptime><version>abc123</version>",
        "<status><postgres>OK</postgres><redis>NOT OK</redis></status>",
        "<ready>false</ready>",
        "<services>",
        "<service><name></name><status>NOT_SERVING</status></service>",
        "<service><name>liveness</name><status>SERVING</status></service>",
        "<service><name>readiness</name><status>NOT_SERVING</status></service>",
        "<service><name>shop.v1.Shop</name><status>NOT_SERVING</status></service>",
        "</services>",
        "<dependencies>",
        "<dependency><name>redis</name><up>false</up><critical>true</critical><latency_ms>…</latency_ms></dependency>",
        "<dependency><name>postgres</name><up>true</up><critical>false</critical><latency_ms>…</latency_ms></dependency>",
        "</dependencies></health>",
      ].join("")}\n`,
    );
  });

  it("writes names and texts that XML can't hold", async () => {
    const names = ["user db", "1st", "__proto__", "<x>"];
    const checker = createChecker({
      version: "<v>&\0",
      dependencies: names.map((name) => ({ name, ping: () => true })),
    });
    const { get } = await serve({ checker });
    expect((await get("/readyz", { accept: "text/xml" })).body).toBe(
      "<health><uptime>0</uptime><version>&#60;v&#62;&#38;\ufffd</version><status>" +
        "<_1st>OK</_1st><_x_>OK</_x_><__proto__>OK</__proto__><user_db>OK</user_db></status></health>\n",
    );
    expect(JSON.parse((await get("/readyz")).body, (_, value) => value)).toEqual({
      uptime: 0,
      version: "<v>&\0",
      status: JSON.parse('{"1st":"OK","<x>":"OK","__proto__":"OK","user db":"OK"}'),
    });
  });

  it("tells the uptime in whole seconds", async (t) => {
    const clock = fakeClock({ test: t });
    const { get } = await serve();
    await clock.advance(3_600_999);
    const answers = await Promise.all(["/livez", "/readyz", "/healthz"].map((path) => get(path)));
    expect(answers.map(({ body }) => JSON.parse(body).uptime)).toEqual([3600, 3600, 3600]);
  });

  it("makes one ping of a hundred simultaneous probes", async () => {
    const answered = gate();
    const pings: string[] = [];
    const ping = () => {
      pings.push("slow");
      return answered.opened;
    };
    const { get } = await serve({ checker: createChecker({ dependencies: [{ name: "slow", ping }] }) });
    const probes = Array.from({ length: 100 }, (_, n) => get(n % 2 === 0 ? "/readyz" : "/healthz"));
    await get("/livez");
    answered.open();
    expect(new Set((await Promise.all(probes)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(pings).toEqual(["slow"]);
  });

  it("answers HEAD without a body, and refuses other methods", async () => {
    const { get, down } = await serve();
    const head = await get("/readyz", {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "72", ""]);
    down.add("redis");
    expect(await get("/healthz", {}, "POST")).toEqual({
      status: 405,
      headers: {
        "content-type": "text/plain; charset=utf-8",
        "content-length": "12",
        "cache-control": "no-store",
        allow: "GET, HEAD",
      },
      body: "GET or HEAD\n",
    });
  });

  it("has paths that are options, and leaves the others to the next handler", async () => {
    const { get } = await serve({ options: { livez: "/internal/alive", healthz: false } });
    const paths = ["/internal/alive", "/readyz", "/livez", "/healthz", "/readyz/", "/"];
    const answers = await Promise.all(paths.map((path) => get(path)));
    expect(answers.map(({ status, body }) => (body === "next" ? "next" : status))).toEqual([
      ...[200, 200],
      ...["next", "next", "next", "next"],
    ]);
  });

  it.each<[options: object, message: string]>([
    [{ healthy: "/" }, 'healthHandler: there is no option "healthy"; there are livez, readyz, healthz'],
    [{ livez: "livez" }, `healthHandler: livez: expected ${aPath}, got "livez"`],
    [{ readyz: true }, `healthHandler: readyz: expected ${aPath}, got true`],
    [{ healthz: "/healthz?verbose" }, `healthHandler: healthz: expected ${aPath}, got "/healthz?verbose"`],
    [{ healthz: "/readyz" }, `healthHandler: healthz: expected ${aPath}, got "/readyz"`],
  ])("refuses %j", (options, message) => {
    expect(() => healthHandler(createChecker(), options)).toThrow(new TypeError(message));
  });

  it("needs a checker", () => {
    expect(() => healthHandler(undefined as never)).toThrow(
      new TypeError(
        "healthHandler: checker: expected an object with check, report, status, statuses, got undefined",
      ),
    );
  });
});

interface ServeOptions {
  readonly checker?: Checker;
  readonly options?: HealthHandlerOptions;
}

/** The twins on an HTTP server, of two dependencies that a test takes down. */
async function serve({ checker: given, options }: ServeOptions = {}) {
  const down = new Set<string>();
  const pings: string[] = [];
  const ping = (name: string) => () => {
    pings.push(name);
    if (down.has(name)) throw new Error("secret");
  };
  const checker =
    given ??
    createChecker({
      version: "abc123",
      cacheMs: 0,
      logger: testLogger(),
      dependencies: [
        { name: "redis", ping: ping("redis") },
        { name: "postgres", ping: ping("postgres"), critical: false },
      ],
    });
  if (given === undefined) checker.register(["shop.v1.Shop"]);
  const handler = healthHandler(checker, options);
  const server = createServer((request, response) => handler(request, response, () => response.end("next")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return {
    checker,
    down,
    pings,
    async get(path: string, headers: Record<string, string> = {}, method = "GET") {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
      const { date, connection, "keep-alive": _, ...rest } = Object.fromEntries(response.headers);
      return { status: response.status, headers: rest, body: await response.text() };
    },
  };
}
