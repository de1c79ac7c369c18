// The three lines of packages that are supported, in exact versions, and the versions of Node that each is for.
// docs/telemetry.md names them to users.

const today = {
  "@connectrpc/connect": "2.3.0",
  "@connectrpc/connect-node": "2.3.0",
  "@bufbuild/protobuf": "2.17.0",
};
const before = {
  "@connectrpc/connect": "2.1.2",
  "@connectrpc/connect-node": "2.1.2",
  "@bufbuild/protobuf": "2.13.0",
};

/** What a line holds: packages by name, and whether it is for a version of Node. */
export const lines = {
  node20: {
    packages: { ...before, "@opentelemetry/api": "1.9.1" },
    sdk: { stable: "2.12.1", experimental: "0.223.0" },
    isFor: (major) => major === 20,
  },
  "sdk-trace-node": {
    packages: { ...today, "@opentelemetry/api": "1.9.1" },
    sdk: { stable: "2.12.1", experimental: "0.223.0" },
    isFor: (major) => major >= 22,
  },
  today: {
    packages: { ...today, "@opentelemetry/api": "1.10.0" },
    sdk: { stable: "3.1.1", experimental: "0.301.0" },
    isFor: (major) => major >= 22,
  },
};
