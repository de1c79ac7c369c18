import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  createRouterTransport,
} from "@connectrpc/connect";
import { serverInterceptor } from "connect-clue";
import { testLogger } from "connect-clue/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
import { gate } from "../../test/support/gate.js";
import { expectNothingInFlight } from "../../test/support/nothing-in-flight.js";
import { until } from "../../test/support/until.js";
import type { CheckerOptions } from "./checker-options.js";
import { createChecker } from "./create-checker.js";
import { healthRoutes } from "./health-routes.js";

describe("healthRoutes", () => {
  it("needs a checker", () => {
    expect(() => healthRoutes({ check: () => {} } as never)).toThrow(
      new TypeError(
        "healthRoutes: checker: expected an object with check, status, statuses, watch, register, got an object",
      ),
    );
  });

  it("knows the services of the router before anybody asks, those registered behind it included", async () => {
    const { checker } = setUp();
    await Promise.resolve();
    expect(Object.fromEntries(checker.statuses())).toEqual({
      "": "SERVING",
      liveness: "SERVING",
      readiness: "SERVING",
      "grpc.health.v1.Health": "SERVING",
      "chat.v1.ChatService": "SERVING",
    });
  });

  it("knows a service that comes onto the router while it runs", async () => {
    const { check, router } = setUp({}, () => {});
    expect(await check("chat.v1.ChatService")).toBe('[not_found] unknown service "chat.v1.ChatService"');
    router.service(ChatService, {});
    expect(await check("chat.v1.ChatService")).toBe("SERVING");
  });
});

describe("Check", () => {
  it.each(["", "readiness", "liveness", "chat.v1.ChatService", "grpc.health.v1.Health"])(
    "%j",
    async (name) => {
      const { check, checker } = setUp();
      expect(await check(name)).toBe("SERVING");
      checker.set(name, "NOT_SERVING");
      expect(await check(name)).toBe("NOT_SERVING");
      checker.set(name, "UNKNOWN");
      expect(await check(name)).toBe("UNKNOWN");
    },
  );

  it.each(["chat", "chat.v1.chatService", "/chat.v1.ChatService", "chat.v1.ChatService/Say", "constructor"])(
    "does not know %j, and pings nothing for it",
    async (name) => {
      const { check, pings } = setUp({ dependencies: [{ name: "db" }] });
      expect(await check(name)).toBe(`[not_found] unknown service ${JSON.stringify(name)}`);
      expect(pings).toEqual([]);
    },
  );

  it("cuts a name that is too long", async () => {
    const { check } = setUp();
    expect(await check("a".repeat(5000))).toBe(
      `[not_found] unknown service "${"a".repeat(512)}…[cut from 5000]"`,
    );
  });

  it("asks the dependencies, for all but liveness", async () => {
    const { check, pings, state } = setUp({ cacheMs: 0, dependencies: [{ name: "db" }] });
    expect(await check("liveness")).toBe("SERVING");
    expect(pings).toEqual([]);
    state.down = true;
    expect([await check(""), await check("readiness"), await check("chat.v1.ChatService")]).toEqual([
      "NOT_SERVING",
      "NOT_SERVING",
      "NOT_SERVING",
    ]);
    expect(await check("liveness")).toBe("SERVING");
    state.down = false;
    expect(await check("")).toBe("SERVING");
    expect(pings).toEqual(["db", "db", "db", "db"]);
  });

  it("waits for nothing that does not matter to its service", async () => {
    const answered = gate();
    const { check, pings } = setUp({
      dependencies: [
        { name: "cache", critical: false, wait: answered.opened },
        { name: "mail", services: ["shop.v1.Shop"], wait: answered.opened },
      ],
    });
    expect([await check("chat.v1.ChatService"), pings]).toEqual(["SERVING", []]);
    const shop = check("shop.v1.Shop");
    await until(() => pings.length > 0);
    answered.open();
    expect([await shop, pings]).toEqual(["SERVING", ["mail"]]);
  });

  it("ends with its own deadline, and the ping goes on for others", async () => {
    const answered = gate();
    const { client, check, pings } = setUp({ dependencies: [{ name: "db", wait: answered.opened }] });
    const short = client.check({ service: "" }, { timeoutMs: 50 });
    const other = check("");
    await expect(short).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    answered.open();
    expect([await other, pings]).toEqual(["SERVING", ["db"]]);
  });

  it("ends when its server stops", async () => {
    const { check, pings, shutdown } = setUp({
      dependencies: [{ name: "db", wait: new Promise<never>(() => {}) }],
    });
    const pending = check("");
    await until(() => pings.length > 0);
    shutdown.abort(stopping);
    expect(await pending).toBe("[unavailable] server is shutting down");
  });
});

describe("List", () => {
  it("tells all statuses, after pings", async () => {
    const { list, pings, state } = setUp({
      dependencies: [{ name: "db", critical: false, services: ["shop.v1.Shop"] }],
    });
    state.down = true;
    expect(await list()).toEqual({
      "": "SERVING",
      liveness: "SERVING",
      readiness: "SERVING",
      "shop.v1.Shop": "NOT_SERVING",
      "grpc.health.v1.Health": "SERVING",
      "chat.v1.ChatService": "SERVING",
    });
    expect(pings).toEqual(["db"]);
  });

  it("waits for what any of its services needs, and for nothing else", async () => {
    const answered = gate();
    const { list, pings } = setUp({
      dependencies: [
        { name: "cache", critical: false, wait: new Promise<never>(() => {}) },
        { name: "mail", critical: false, services: ["shop.v1.Shop"], wait: answered.opened },
      ],
    });
    const listed = list();
    await until(() => pings.length > 0);
    answered.open();
    expect(await listed).toMatchObject({ "": "SERVING", "shop.v1.Shop": "SERVING" });
    expect(pings).toEqual(["cache", "mail"]);
  });

  it("holds 100 and no more", async () => {
    const { checker, list } = setUp();
    for (let n = 1; n <= 95; n++) checker.set(`s${n}`, "SERVING");
    expect(Object.keys(await list())).toHaveLength(100);
    checker.set("s96", "SERVING");
    await expect(list()).rejects.toThrow("[resource_exhausted] 101 services are more than a list holds");
  });
});

describe("Watch", () => {
  it("tells the status at once, and then each other one", async () => {
    const { watch, checker } = setUp();
    const next = watch("chat.v1.ChatService");
    expect(await next()).toBe("SERVING");
    checker.set("chat.v1.ChatService", "SERVING");
    checker.set("", "NOT_SERVING");
    checker.set("chat.v1.ChatService", "NOT_SERVING");
    expect(await next()).toBe("NOT_SERVING");
    checker.set("chat.v1.ChatService", "UNKNOWN");
    expect(await next()).toBe("UNKNOWN");
  });

  it("waits for the first ping", async () => {
    const { watch, state, pings } = setUp({ dependencies: [{ name: "db" }] });
    state.down = true;
    expect(await watch("")()).toBe("NOT_SERVING");
    expect(pings).toEqual(["db"]);
  });

  it("tells of an unknown service, and of its becoming known", async () => {
    const { watch, checker } = setUp();
    const next = watch("shop.v1.Shop");
    expect(await next()).toBe("SERVICE_UNKNOWN");
    checker.set("chat.v1.ChatService", "NOT_SERVING");
    checker.set("shop.v1.Shop", "SERVING");
    expect(await next()).toBe("SERVING");
  });

  it("does not know a name that is too long", async () => {
    const { watch, checker } = setUp();
    const name = "a".repeat(513);
    checker.set(name, "SERVING");
    expect(await watch(name)()).toBe("SERVICE_UNKNOWN");
  });

  it("tells the end, and ends with the reason of the server's shutdown", async () => {
    const { watch, checker, shutdown } = setUp();
    const next = watch("");
    expect(await next()).toBe("SERVING");
    checker.shutdown();
    expect(await next()).toBe("NOT_SERVING");
    shutdown.abort(stopping);
    await expect(next()).rejects.toThrow("[unavailable] server is shutting down");
  });
});

describe("the log of health calls", () => {
  const both = { time: "<time>", request_id: "<id>", "rpc.service": "grpc.health.v1.Health" };
  const start = { ...both, level: "info", msg: "start", "rpc.side": "server", "rpc.protocol": "connect" };
  const end = { ...both, msg: "end", "rpc.received": 1, "rpc.time_ms": "<ms>" };

  it("has nothing of those that succeed", async () => {
    const { check, list, log } = setUp({ dependencies: [{ name: "db" }] });
    await check("");
    await check("liveness");
    await list();
    expect(log.lines()).toEqual([]);
  });

  it("has a Check that found nothing", async () => {
    const { check, log } = setUp();
    await check("nope");
    expect(log.lines()).toEqual([
      { ...start, "rpc.kind": "unary", "rpc.method": "Check" },
      {
        ...end,
        level: "warn",
        "rpc.method": "Check",
        "rpc.outcome": "error",
        "rpc.code": "not_found",
        "rpc.status": 'unknown service "nope"',
        "rpc.sent": 0,
        err: '[not_found] unknown service "nope"',
        "err.code": "not_found",
      },
    ]);
  });

  it("has a Watch that the server's shutdown ended", async () => {
    const { watch, log, shutdown } = setUp();
    const next = watch("");
    await next();
    shutdown.abort(stopping);
    await expect(next()).rejects.toThrow(stopping.message);
    expect(log.lines()).toEqual([
      { ...start, "rpc.kind": "server_streaming", "rpc.method": "Watch" },
      {
        ...end,
        level: "error",
        "rpc.method": "Watch",
        "rpc.outcome": "shutdown",
        "rpc.code": "unavailable",
        "rpc.status": "server is shutting down",
        "rpc.sent": 1,
        err: "[unavailable] server is shutting down",
        "err.code": "unavailable",
      },
    ]);
  });
});

const stopping = new ConnectError("server is shutting down", Code.Unavailable);

interface TestDependency {
  readonly name: string;
  readonly critical?: boolean;
  readonly services?: readonly string[];
  /** What a ping waits for. */
  readonly wait?: Promise<void>;
}

interface TestOptions extends Omit<CheckerOptions, "dependencies"> {
  readonly dependencies?: readonly TestDependency[];
}

/** Health and chat in memory, observed, with dependencies that go down by a switch. */
function setUp(
  { dependencies = [], ...options }: TestOptions = {},
  more = (router: ConnectRouter): void => void router.service(ChatService, {}),
) {
  const state = { down: false };
  const pings: string[] = [];
  const log = testLogger();
  const checker = createChecker({
    logger: testLogger(),
    ...options,
    dependencies: dependencies.map(({ wait, ...dependency }) => ({
      ...dependency,
      async ping() {
        pings.push(dependency.name);
        await wait;
        if (state.down) throw new Error("down");
      },
    })),
  });
  const shutdown = new AbortController();
  const left = new AbortController();
  let router: ConnectRouter | undefined;
  const transport = createRouterTransport(
    (given) => {
      router = given;
      healthRoutes(checker)(given);
      more(given);
    },
    {
      router: { interceptors: [serverInterceptor({ logger: log })], shutdownSignal: shutdown.signal },
    },
  );
  if (router === undefined) throw new Error("the routes were not asked for");
  const client = createClient(Health, transport);
  onTestFinished(async () => {
    left.abort();
    await expectNothingInFlight();
  });
  return {
    checker,
    client,
    log,
    pings,
    router,
    shutdown,
    state,
    check: (service: string) =>
      client.check({ service }).then(
        ({ status }) => HealthCheckResponse_ServingStatus[status],
        (error: ConnectError) => error.message,
      ),
    async list() {
      const { statuses } = await client.list({});
      return Object.fromEntries(
        Object.entries(statuses).map(([name, { status }]) => [
          name,
          HealthCheckResponse_ServingStatus[status],
        ]),
      );
    },
    watch(service: string) {
      const answers = client.watch({ service }, { signal: left.signal })[Symbol.asyncIterator]();
      return async () => {
        const { value } = await answers.next();
        return HealthCheckResponse_ServingStatus[value.status];
      };
    },
  };
}
