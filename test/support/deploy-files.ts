/** The files of examples/deploy, as far as the tests read them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { root } from "./built.js";

/** The folder, from the root of the repository. */
export const deployDir = "examples/deploy";

export type Env = Readonly<Record<string, string>>;

/** An instruction of a Dockerfile, without flags. */
export interface Instruction {
  readonly name: string;
  readonly flags: readonly string[];
  readonly args: string;
}

/** A probe of a container: by gRPC or by HTTP. */
export interface Probe {
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly httpGet?: { readonly port: number | string; readonly path: string };
}

export interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Labeled {
  readonly labels: Env;
}

export interface Deployment {
  readonly kind: "Deployment";
  readonly spec: {
    readonly selector: { readonly matchLabels: Env };
    readonly template: {
      readonly metadata: Labeled;
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly containers: readonly [Container];
      };
    };
  };
}

export interface Service {
  readonly kind: "Service";
  readonly spec: {
    readonly selector: Env;
    readonly ports: readonly {
      readonly port: number;
      readonly targetPort: string;
      readonly appProtocol: string;
    }[];
  };
}

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Env;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly stop_grace_period?: string;
}

export interface Compose {
  readonly services: Readonly<Record<"chat" | "collector" | "prometheus" | "jaeger", ComposeService>>;
}

export interface CollectorConfig {
  readonly receivers: { readonly otlp: { readonly protocols: Readonly<Record<string, Listener>> } };
  readonly processors: Readonly<Record<string, unknown>>;
  readonly exporters: { readonly otlp_grpc: Listener; readonly prometheus: Listener };
  readonly service: { readonly pipelines: Readonly<Record<"traces" | "metrics", Pipeline>> };
}

interface Listener {
  readonly endpoint: string;
}

interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

export interface PrometheusConfig {
  readonly scrape_configs: readonly {
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
}

/** The text of a file of the folder. */
export function deployText(name: string): string {
  return readFileSync(join(root, deployDir, name), "utf8");
}

/**
 * The documents of a YAML file of the folder.
 *
 * @throws Error when it is no YAML, or has a key twice
 */
export function deployYaml<T extends readonly unknown[]>(name: string): T {
  const documents = parseAllDocuments(deployText(name));
  return documents.map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() as unknown;
  }) as unknown as T;
}

/** The instructions of the Dockerfile, stage by stage. */
export function dockerfileStages(): Instruction[][] {
  const text = deployText("Dockerfile")
    .replace(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ");
  const stages: Instruction[][] = [];
  for (const [, name = "", flags = "", args = ""] of text.matchAll(/^([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/gm)) {
    if (name === "FROM") stages.push([]);
    stages.at(-1)?.push({ name, flags: flags.trim().split(/\s+/), args });
  }
  return stages;
}
