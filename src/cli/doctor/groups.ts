/** What every part of connect-clue needs. */
export const requiredPackages = ["@bufbuild/protobuf", "@connectrpc/connect", "@opentelemetry/api"] as const;

const overHttp = [
  "@opentelemetry/exporter-metrics-otlp-proto",
  "@opentelemetry/exporter-trace-otlp-proto",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/sdk-trace",
];

/** What an entry point, or a program, needs on top of {@link requiredPackages}. */
export const packageGroups: Readonly<Record<string, readonly string[]>> = {
  telemetry: [
    "@opentelemetry/context-async-hooks",
    "@opentelemetry/core",
    "@opentelemetry/resources",
    "@opentelemetry/sdk-metrics",
    "@opentelemetry/sdk-trace",
  ],
  otlp: overHttp,
  "otlp-grpc": [
    ...overHttp,
    "@opentelemetry/exporter-trace-otlp-grpc",
    "@opentelemetry/exporter-metrics-otlp-grpc",
    "@opentelemetry/otlp-grpc-exporter-base",
  ],
  prometheus: ["@opentelemetry/exporter-prometheus"],
  b3: ["@opentelemetry/propagator-b3"],
  "fake-clock": ["@sinonjs/fake-timers"],
  "testing-telemetry": ["@opentelemetry/core", "@opentelemetry/sdk-metrics", "@opentelemetry/sdk-trace"],
  "grpc-pinger": ["@connectrpc/connect-node"],
  "mock-server": ["@connectrpc/connect-node"],
  vitest: ["vitest"],
  "protoc-gen-clue-mock": ["@bufbuild/protoplugin"],
};
