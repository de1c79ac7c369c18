/** What the files of examples/deploy say of the chat server, and of each other, is so. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join, normalize } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChatService } from "../examples/chat/gen/chat/v1/chat_pb.js";
import { builtFrom, builtIn, manifest, packageOf, peers, trace } from "./import-graph.js";
import { root } from "./support/built.js";
import { probe, type RunningContainer, readImage, startContainer } from "./support/chat-container.js";
import {
  type CollectorConfig,
  type Compose,
  type Deployment,
  deployDir,
  deployText,
  deployYaml,
  dockerfileStages,
  type Env,
  type Probe,
  type PrometheusConfig,
  type Service,
} from "./support/deploy-files.js";
import { docBlocks } from "./support/doc-blocks.js";
import { startHttpReceiver } from "./support/otlp-receiver.js";

const image = readImage();
const [deployment, service] = deployYaml<[Deployment, Service]>("kubernetes.yaml");
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const podEnv: Env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const [{ services }] = deployYaml<[Compose]>("compose.yaml");
const [collector] = deployYaml<[CollectorConfig]>("collector.yaml");
const [prometheus] = deployYaml<[PrometheusConfig]>("prometheus.yaml");
const composeEnv = { ...services.chat.environment, DEPENDENCY: "up" };

describe("the image", () => {
  it("is built from all that its build copies, and from nothing else", () => {
    const copied = dockerfileStages()
      .flat()
      .filter(({ name, flags }) => name === "COPY" && !flags.includes("--from=build"))
      .flatMap(({ args }) => args.split(" ").slice(0, -1));
    const allowed = deployText("Dockerfile.dockerignore").match(/(?<=^!).*/gm) ?? [];
    expect(copied.toSorted()).toEqual(allowed.toSorted());
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("keeps the packages that the server loads", () => {
    const kept = [...peers, ...builtIn];
    const loaded = packagesOf("examples/chat/server.ts");
    expect(loaded).toContain("@connectrpc/connect-node");
    expect(loaded.filter((name) => !kept.includes(name))).toEqual([]);
  });

  it("starts node itself, as a user whom Kubernetes knows not to be root", () => {
    const [program, path = "", ...rest] = image.command;
    expect([program, rest, existsSync(join(root, path))]).toEqual(["node", [], true]);
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it("is healthy as long as it lives, whatever its dependencies", async () => {
    const server = await startContainer(image, { DEPENDENCY: "down" });
    expect(await exitCodeOf(image.healthcheck, server.port)).toBe(0);
    server.child.kill("SIGTERM");
    await server.ended;
    expect(await exitCodeOf(image.healthcheck, server.port)).toBe(1);
  });
});

describe("the manifest", () => {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const probes: Readonly<Record<string, Probe>> = {
    startup: startupProbe,
    liveness: livenessProbe,
    readiness: readinessProbe,
    "readiness by gRPC": { grpc: { port: 8080, service: "readiness" } },
    unnamed: { grpc: { port: 8080 } },
  };

  it("has probes by gRPC and by HTTP, at the server's port", () => {
    expect([startupProbe, livenessProbe, readinessProbe].flatMap(Object.keys)).toEqual(
      expect.arrayContaining(["grpc", "httpGet"]),
    );
    const ports = Object.values(probes).map(({ grpc, httpGet }) => portOf(grpc?.port ?? httpGet?.port));
    expect(new Set(ports)).toEqual(new Set([image.port]));
  });

  it.each([
    ["up", true],
    ["down", false],
  ])("takes pods with a dependency that is %s for alive, and for ready: %s", async (DEPENDENCY, isReady) => {
    const server = await startContainer(image, { ...podEnv, DEPENDENCY });
    const answers = Object.entries(probes).map(async ([name, how]) => [name, await probe(how, server.port)]);
    expect(Object.fromEntries(await Promise.all(answers))).toEqual({
      startup: true,
      liveness: true,
      readiness: isReady,
      "readiness by gRPC": isReady,
      unnamed: isReady,
    });
  });

  it("leads the service to the pods", () => {
    const [{ port, targetPort, appProtocol } = { port: 0, targetPort: "", appProtocol: "" }] =
      service.spec.ports;
    expect([port, portOf(targetPort), appProtocol]).toEqual([image.port, image.port, "kubernetes.io/h2c"]);
    const { labels } = deployment.spec.template.metadata;
    expect([service.spec.selector, deployment.spec.selector.matchLabels]).toEqual([labels, labels]);
  });

  it("leaves a pod no rights", () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });
});

describe("on SIGTERM", () => {
  it("a container ends open streams with `unavailable` and itself with 0, in the time that it is given", async () => {
    const server = await startContainer(image, { ...podEnv, DEPENDENCY: "down" });
    const replies = clientOf(server).chat(oneAndNoMore())[Symbol.asyncIterator]();
    expect((await replies.next()).value?.text).toBe("you said: a");
    server.child.kill("SIGTERM");
    await expect(replies.next()).rejects.toThrow("[unavailable]");
    expect(await server.ended).toBe(0);

    const { "drain.grace_ms": graceMs } = /^.*"draining".*$/m.exec(server.stdout)?.map(parseLine)[0] ?? {};
    const boundS = (Number(graceMs) + flushMs) / 1000;
    const preStopS = container.lifecycle.preStop.sleep.seconds;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStopS + boundS);
    expect(seconds(services.chat.stop_grace_period)).toBeGreaterThan(boundS);
  });
});

describe("Compose", () => {
  it("runs what the manifest runs, and pins what others made", () => {
    const { build, image: name, ports } = services.chat;
    expect(name).toBe(container.image);
    const context = join(deployDir, build?.context ?? "");
    expect(normalize(context)).toBe(".");
    expect(join(context, build?.dockerfile ?? "")).toBe(join(deployDir, "Dockerfile"));
    expect(ports).toEqual([`127.0.0.1:${image.port}:${image.port}`]);
    const images = Object.values(services).map((each) => each.image);
    expect(images.filter((each) => !/:v?\d+\.\d+\.\d+$/.test(each))).toEqual([]);
  });

  it("opens no port to other machines, and mounts files that there are", () => {
    const ports = Object.values(services).flatMap((each) => each.ports ?? []);
    expect(ports.filter((port) => !/^127\.0\.0\.1:(\d+):\1$/.test(port))).toEqual([]);
    const files = Object.values(services).flatMap((each) => each.volumes ?? []);
    expect(files.map((file) => file.split(":")[0])).toEqual(["./collector.yaml", "./prometheus.yaml"]);
  });

  it("has the server send to the collector, and the collector to Jaeger and Prometheus", () => {
    const { receivers, processors, exporters, service: wiring } = collector;
    const endpoint = new URL(services.chat.environment?.OTEL_EXPORTER_OTLP_ENDPOINT ?? "");
    expect(endpoint.hostname in services).toBe(true);
    expect(receivers.otlp.protocols).toEqual({ http: { endpoint: `0.0.0.0:${endpoint.port}` } });
    expect(wiring.pipelines).toEqual({
      traces: { receivers: ["otlp"], processors: Object.keys(processors), exporters: ["otlp_grpc"] },
      metrics: { receivers: ["otlp"], processors: Object.keys(processors), exporters: ["prometheus"] },
    });
    expect(exporters.otlp_grpc.endpoint).toBe("jaeger:4317");
    const scraped = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap((c) => c.targets));
    expect(scraped).toEqual([exporters.prometheus.endpoint.replace("0.0.0.0", "collector")]);
  });

  it("gets spans, and the metrics that README.md asks Prometheus for", async () => {
    const receiver = await startHttpReceiver();
    const server = await startContainer(image, {
      ...composeEnv,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });
    for await (const _ of clientOf(server).countdown({ from: 1 }));
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect(receiver.spans).toContainEqual(
      expect.objectContaining({
        name: "chat.v1.ChatService/Countdown",
        resource: expect.objectContaining({ "service.name": "chat" }),
      }),
    );
    const known = new Set(receiver.metrics.map(({ name, unit }) => prometheusName(name, unit)));
    expect(askedFor().filter((name) => !known.has(name))).toEqual([]);
  });
});

/** How long sending the last telemetry may take: the default of `drain`. */
const flushMs = 5000;

/** The packages that a module loads; this one's own entry points are followed. */
function packagesOf(entry: string): string[] {
  const entries = new Set([entry]);
  const packages = new Set<string>();
  for (const file of entries) {
    for (const specifier of trace(file, "node").modules) {
      const name = packageOf(specifier);
      if (name === "connect-clue") entries.add(entryPoint(specifier.replace(name, ".")));
      else if (!name.startsWith("node:")) packages.add(name);
    }
  }
  return [...packages];
}

function entryPoint(path: string): string {
  const conditions = manifest.exports[path];
  if (typeof conditions !== "object") throw new Error(`package.json does not export ${path}`);
  return builtFrom(conditions.default ?? "");
}

/** The number of a container's port, by its number or its name. */
function portOf(port: number | string | undefined): number | undefined {
  const found = container.ports.find(({ name, containerPort }) => port === name || port === containerPort);
  return found?.containerPort;
}

function exitCodeOf([program, ...args]: readonly string[], port: number): Promise<number> {
  expect(program).toBe("node");
  const env = { ...process.env, ...image.env, PORT: `${port}` };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error) => resolve(error === null ? 0 : Number(error.code)));
  });
}

function clientOf({ port }: RunningContainer) {
  const baseUrl = `http://127.0.0.1:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  onTestFinished(() => sessionManager.abort());
  return createClient(ChatService, createGrpcTransport({ baseUrl, sessionManager }));
}

async function* oneAndNoMore() {
  yield { text: "a" };
  await new Promise(() => {});
}

function parseLine(line: string): Record<string, unknown> {
  return JSON.parse(line);
}

function seconds(duration = ""): number {
  return Number(/^(\d+)s$/.exec(duration)?.[1]);
}

/** The metrics in the queries of README.md, without what Prometheus adds for a metric's kind. */
function askedFor(): string[] {
  const queries = docBlocks(`${deployDir}/README.md`).filter(({ language }) => language === "promql");
  const names = queries.flatMap(({ code }) => code.match(/\b(?:rpc_server|clue)_\w+/g) ?? []);
  expect(names).not.toEqual([]);
  return names.map((name) => name.replace(/_(?:bucket|count|sum|total)$/, ""));
}

/** What the collector's exporter makes of the name of a metric. */
function prometheusName(name: string, unit: string): string {
  return `${name.replaceAll(".", "_")}${unit === "s" ? "_seconds" : ""}`;
}
