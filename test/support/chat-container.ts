/** The chat server as a container of examples/deploy runs it, and what an orchestrator does with it. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../../gen/grpc/health/v1/health_pb.js";
import { type Program, run, says } from "./chat-process.js";
import { dockerfileStages, type Env, type Probe } from "./deploy-files.js";

/** What the Dockerfile says of the image that it makes. */
export interface Image {
  readonly env: Env;
  readonly port: number;
  readonly user: string;
  readonly healthcheck: readonly string[];
  readonly command: readonly string[];
}

/** The image of the Dockerfile: its last stage. */
export function readImage(): Image {
  const stage = dockerfileStages().at(-1) ?? [];
  const [env, port, user, healthcheck, command] = ["ENV", "EXPOSE", "USER", "HEALTHCHECK", "CMD"].map(
    (name) => stage.find((instruction) => instruction.name === name)?.args ?? "",
  ) as [string, string, string, string, string];
  return {
    env: Object.fromEntries(env.split(" ").map((pair) => pair.split("="))),
    port: Number(port),
    user,
    healthcheck: JSON.parse(healthcheck.replace(/^CMD /, "")),
    command: JSON.parse(command),
  };
}

/** A server that runs, and the port that it has got in place of its own. */
export interface RunningContainer extends Program {
  readonly port: number;
}

/** Starts what the image starts, with the variables of the image and of `env`. It ends with the test. */
export async function startContainer({ command, env: own }: Image, env: Env): Promise<RunningContainer> {
  const [, path = ""] = command;
  const program = run(path, { ...own, ...env, PORT: "0" });
  onTestFinished(() => void program.child.kill("SIGKILL"));
  // `localhost` stands for all interfaces.
  const [, port] = await says(program, "stderr", /http:\/\/localhost:(\d+)/);
  return Object.assign(program, { port: Number(port) });
}

/** Probes a server on `port` as Kubernetes would: by gRPC the status has to be SERVING, by HTTP 200 to 399. */
export async function probe({ grpc, httpGet }: Probe, port: number): Promise<boolean> {
  if (grpc !== undefined) return (await check(port, grpc.service ?? "")) === "SERVING";
  if (httpGet === undefined) throw new Error("expected a probe by gRPC or by HTTP");
  const { status } = await fetch(`http://127.0.0.1:${port}${httpGet.path}`, { redirect: "manual" });
  return status >= 200 && status < 400;
}

function check(port: number, service: string): Promise<string | undefined> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise<string | undefined>((resolve, reject) => {
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      (name: string) =>
        Buffer.from(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service: name }))),
      (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
      service,
      (error, response) => {
        if (error === null) resolve(HealthCheckResponse_ServingStatus[response?.status ?? 0]);
        else reject(error);
      },
    );
  }).finally(() => client.close());
}
