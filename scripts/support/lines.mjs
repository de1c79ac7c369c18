// The three lines of packages that are supported, in the versions of the lanes, and the versions of Node that each is for.
// docs/telemetry.md names them to users.

import { peersOf } from "../versions/lanes.mjs";

/** What a line holds: packages by name, the versions of OpenTelemetry's SDK, and whether it is for a version of Node. */
export const lines = {
  node20: { ...lineOf("node20"), isFor: (major) => major === 20 },
  "sdk-trace-node": { ...lineOf("sdk-trace-node24"), isFor: (major) => major >= 22 },
  today: { ...lineOf("today24"), isFor: (major) => major >= 22 },
};

function lineOf(lane) {
  const versions = peersOf(lane);
  const names = [
    "@connectrpc/connect",
    "@connectrpc/connect-node",
    "@bufbuild/protobuf",
    "@opentelemetry/api",
  ];
  return {
    packages: Object.fromEntries(names.map((name) => [name, versions[name]])),
    sdk: {
      stable: versions["@opentelemetry/sdk-trace"],
      experimental: versions["@opentelemetry/exporter-metrics-otlp-proto"],
    },
  };
}
