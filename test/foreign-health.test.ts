/** Health as others ask for it: grpc-js with the definitions of grpc-health-check, and buf curl. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { createChecker } from "connect-clue/health";
import { service } from "grpc-health-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { root } from "./support/built.js";
import { gate } from "./support/gate.js";
import { type HealthServer, startHealth } from "./support/health-server.js";
import { expectNothingInFlight } from "./support/nothing-in-flight.js";

describe("grpc-js with grpc-health-check", () => {
  it("checks", async () => {
    const { check, checker } = await startGrpcJs();
    expect(await check("")).toEqual({ status: "SERVING" });
    checker.set("chat.v1.ChatService", "NOT_SERVING");
    expect(await check("chat.v1.ChatService")).toEqual({ status: "NOT_SERVING" });
    await expect(check("chat.v1.Chat")).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'unknown service "chat.v1.Chat"',
    });
  });

  it("lists", async () => {
    const { list, checker } = await startGrpcJs();
    checker.set("", "NOT_SERVING");
    expect(await list()).toEqual({
      statuses: {
        "": { status: "NOT_SERVING" },
        readiness: { status: "NOT_SERVING" },
        liveness: { status: "SERVING" },
        "chat.v1.ChatService": { status: "SERVING" },
        "grpc.health.v1.Health": { status: "SERVING" },
      },
    });
  });

  it("watches, until the server stops", async () => {
    const { watch, checker, server } = await startGrpcJs();
    const ended = gate<ServiceError>();
    const seen: unknown[] = [];
    const acts: Readonly<Record<number, () => void>> = {
      1: () => checker.set("shop.v1.Shop", "SERVING"),
      2: () => checker.shutdown(),
      3: () => server.shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable)),
    };
    watch("shop.v1.Shop")
      .on("data", (answer) => {
        seen.push(answer);
        acts[seen.length]?.();
      })
      .on("error", (error: ServiceError) => ended.open(error));
    expect(await ended.opened).toMatchObject({
      code: status.UNAVAILABLE,
      details: "server is shutting down",
    });
    expect(seen).toEqual([{ status: "SERVICE_UNKNOWN" }, { status: "SERVING" }, { status: "NOT_SERVING" }]);
  });

  it("stops watching", async () => {
    const { watch, server } = await startGrpcJs();
    const ended = gate<ServiceError>();
    const stream = watch("");
    stream.on("data", () => stream.cancel()).on("error", (error: ServiceError) => ended.open(error));
    expect(await ended.opened).toMatchObject({ code: status.CANCELLED });
    await expectNothingInFlight();
    expect(server.log.lines().map(({ msg, "rpc.outcome": outcome }) => [msg, outcome])).toEqual([
      ["start", undefined],
      ["end", "canceled"],
    ]);
  });
});

describe.each(["grpc", "grpcweb", "connect"])("buf curl --protocol %s", (protocol) => {
  it("checks", async () => {
    const checker = createChecker();
    const server = await startHealth(checker);
    const check = (name: string) => bufCurl(server, protocol, "Check", { service: name });
    expect(await check("")).toEqual([{ status: "SERVING" }]);
    checker.set("liveness", "NOT_SERVING");
    expect(await check("liveness")).toEqual([{ status: "NOT_SERVING" }]);
    await expect(check("nope")).rejects.toThrow('"code": "not_found"');
  });

  it("lists", async () => {
    const server = await startHealth(createChecker());
    const serving = { status: "SERVING" };
    expect(await bufCurl(server, protocol, "List", {})).toEqual([
      {
        statuses: {
          "": serving,
          readiness: serving,
          liveness: serving,
          "chat.v1.ChatService": serving,
          "grpc.health.v1.Health": serving,
        },
      },
    ]);
  });

  it("watches, until the server stops", async () => {
    const checker = createChecker();
    const server = await startHealth(checker);
    const watched = bufCurl(server, protocol, "Watch", { service: "" }, (seen) => {
      if (seen === 1) checker.shutdown();
      else server.shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable));
    });
    await expect(watched).rejects.toMatchObject({
      seen: [{ status: "SERVING" }, { status: "NOT_SERVING" }],
      message: expect.stringMatching(/"code": "unavailable",\s+"message": "server is shutting down"/),
    });
  });
});

async function startGrpcJs() {
  const checker = createChecker();
  const server = await startHealth(checker);
  const client = new Client(server.authority, credentials.createInsecure());
  onTestFinished(() => client.close());
  const unary = (method: keyof typeof service, request: object) => {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  };
  return {
    checker,
    server,
    check: (name: string) => unary("Check", { service: name }),
    list: () => unary("List", {}),
    watch: (name: string) => {
      const { path, requestSerialize, responseDeserialize } = methodOf("Watch");
      return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: name });
    },
  };
}

function methodOf(name: keyof typeof service) {
  const method = service[name];
  if (method === undefined) throw new Error(`grpc-health-check has no ${name}`);
  return method;
}

/**
 * Calls a method of health by its proto file.
 *
 * @param onAnswer - hears of each answer, and how many there were
 * @throws Error with what buf says, and the answers that were `seen` before
 */
function bufCurl(
  { url }: HealthServer,
  protocol: string,
  method: string,
  request: object,
  onAnswer: (seen: number) => void = () => {},
): Promise<unknown[]> {
  const seen: unknown[] = [];
  let said = "";
  let rest = "";
  const child = spawn(
    join(root, "node_modules/.bin/buf"),
    [
      ...["curl", "--schema", join(root, "proto"), "--http2-prior-knowledge", "--protocol", protocol],
      ...["--data", JSON.stringify(request), `${url}/grpc.health.v1.Health/${method}`],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  // An answer is a JSON object over several lines, and ends with a brace in the first column.
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const pieces = (rest + text).split(/(?<=^\})\n/m);
    rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      seen.push(JSON.parse(piece));
      onAnswer(seen.length);
    }
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(seen);
      else reject(Object.assign(new Error(said), { seen }));
    });
  });
}
