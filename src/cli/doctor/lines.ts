import { satisfies } from "semver";

/** Versions by the names of packages that are installed. */
export type Versions = ReadonlyMap<string, string>;

/** What a package's version has to be. */
export interface Wanted {
  /** What is fine, as a semver range. */
  readonly range: string;
  /** What to install where it is not: `2.3`. */
  readonly version: string;
  /** Why, where the range depends on something else that is installed. */
  readonly reason?: string;
}

/** Packages that are tested together. The ranges say what is fine, the versions what to install. */
export interface Line {
  readonly name: string;
  readonly connect: Wanted;
  readonly api: Wanted;
  /** Of OpenTelemetry's packages whose version is 1 or later, beside the API. */
  readonly sdk: Wanted;
  /** Of OpenTelemetry's packages whose version is 0.x. */
  readonly experimental: Wanted;
  readonly vitest: Wanted;
}

const sdk2 = {
  api: { range: ">=1.9.0 <1.10.0", version: "1.9", reason: "SDK 2 needs 1.9" },
  sdk: { range: "^2.12.0", version: "2", reason: "API 1.9 needs 2.12 or later 2.x" },
  experimental: {
    range: ">=0.223.0 <0.300.0",
    version: "0.223",
    reason: "API 1.9 needs 0.223 or later 0.2xx",
  },
};

const node22 = {
  connect: { range: ">=2.1.0 <2.4.0", version: "2.3" },
  vitest: { range: ">=3.2.0 <6.0.0", version: "5" },
};

const lines = {
  today: {
    name: "OpenTelemetry API 1.10 with SDK 3",
    ...node22,
    api: { range: ">=1.10.0 <1.11.0", version: "1.10", reason: "SDK 3 needs 1.10" },
    sdk: { range: "^3.1.0", version: "3", reason: "API 1.10 needs 3.1 or later 3.x" },
    experimental: {
      range: ">=0.301.0 <0.400.0",
      version: "0.301",
      reason: "API 1.10 needs 0.301 or later 0.3xx",
    },
  },
  sdkTraceNode: { name: "OpenTelemetry API 1.9 with SDK 2", ...node22, ...sdk2 },
  node20: {
    name: "OpenTelemetry API 1.9 with SDK 2, for Node before 22.15",
    ...sdk2,
    connect: { range: ">=2.1.0 <2.2.0", version: "2.1", reason: "later ones need Node 22" },
    vitest: { range: ">=3.2.0 <5.0.0", version: "4", reason: "later ones need Node 22" },
  },
} as const satisfies Record<string, Line>;

/**
 * The line that fits to Node and to what is installed. SDK 3 needs Node 22.15 and API 1.10; an API that is there
 * decides, unless there is sdk-trace-node: it ends with SDK 2.
 *
 * @param node - Node's version: `24.21.0`
 */
export function lineOf(node: string, installed: Versions): Line {
  if (!satisfies(node, ">=22.15.0")) return lines.node20;
  if (installed.has("@opentelemetry/sdk-trace-node")) return lines.sdkTraceNode;
  const api = installed.get("@opentelemetry/api");
  const isSdk2 =
    api === undefined
      ? satisfies(installed.get("@opentelemetry/sdk-trace") ?? "3.0.0", "2")
      : satisfies(api, "<1.10.0");
  return isSdk2 ? lines.sdkTraceNode : lines.today;
}

/**
 * What a package's version has to be.
 *
 * @param needed - all packages that the project needs
 */
export function wantedVersion(
  name: string,
  line: Line,
  needed: readonly string[],
  installed: Versions,
): Wanted {
  const hasSdk = needed.some(isOfSdk) || installed.has("@opentelemetry/sdk-trace-node");
  switch (name) {
    case "@bufbuild/protobuf":
      return { range: ">=2.10.0 <2.18.0", version: "2.17" };
    case "@bufbuild/protoplugin":
      return sameAs("@bufbuild/protobuf", { range: ">=2.10.0 <2.18.0", version: "2.17" }, installed);
    case "@connectrpc/connect":
      return needed.includes("@connectrpc/connect-node")
        ? line.connect
        : { range: ">=2.1.0 <2.4.0", version: line.connect.version };
    case "@connectrpc/connect-node":
      return sameAs("@connectrpc/connect", line.connect, installed);
    case "@opentelemetry/api":
      return hasSdk ? line.api : { range: ">=1.9.0 <1.11.0", version: line.api.version };
    case "@sinonjs/fake-timers":
      return { range: "^15.0.0", version: "15" };
    case "vitest":
      return line.vitest;
    default:
      return /\/(exporter|otlp)-/.test(name) ? line.experimental : line.sdk;
  }
}

/** Some packages work with exactly their own version of another one. */
function sameAs(other: string, wanted: Wanted, installed: Versions): Wanted {
  const version = installed.get(other);
  if (version === undefined || !satisfies(version, wanted.range)) return wanted;
  return { range: version, version, reason: `${other} is ${version}` };
}

function isOfSdk(name: string): boolean {
  return name.startsWith("@opentelemetry/") && name !== "@opentelemetry/api";
}
