// The set-ups of OpenTelemetry that people already have, each on its lines of packages, and all that is to be seen there.

/** Three calls below a span of the client's own: spans on both sides of each, and below the handler's own span. */
const tree = [
  "client internal visit (app)",
  "  client client chat.v1.ChatService/Say (connect-clue)",
  "    server server chat.v1.ChatService/Say (connect-clue)",
  "      server internal work (app)",
  "  client client chat.v1.ChatService/Say (connect-clue)",
  "    server server chat.v1.ChatService/Say (connect-clue)",
  "      server internal work (app)",
  "  client client chat.v1.ChatService/Chat (connect-clue)",
  "    server server chat.v1.ChatService/Chat (connect-clue)",
  "      server internal work (app)",
];

/**
 * The same beside instrumentations of HTTP and TCP: the first call, over HTTP/1.1, has an HTTP span on each side between
 * the kit's two. Calls over HTTP/2 have none, as nobody instruments that.
 */
const instrumentedTree = [
  "client internal visit (app)",
  "  client client chat.v1.ChatService/Say (connect-clue)",
  "    client client POST (@opentelemetry/instrumentation-http)",
  "      client internal tcp.connect (@opentelemetry/instrumentation-net)",
  "      server server POST (@opentelemetry/instrumentation-http)",
  "        server server chat.v1.ChatService/Say (connect-clue)",
  "          server internal work (app)",
  "  client client chat.v1.ChatService/Say (connect-clue)",
  "    client internal tcp.connect (@opentelemetry/instrumentation-net)",
  "    server server chat.v1.ChatService/Say (connect-clue)",
  "      server internal work (app)",
  "  client client chat.v1.ChatService/Chat (connect-clue)",
  "    server server chat.v1.ChatService/Chat (connect-clue)",
  "      server internal work (app)",
];

/**
 * Sentry has no kinds of spans. In brackets are its origins: it says `manual` of all spans but its own. Its HTTP client
 * leaves the headers alone that the kit has set, so that the server's spans are children of the kit's.
 */
const sentryTree = (httpServer) => [
  "client span visit (manual)",
  "  client span chat.v1.ChatService/Say (manual)",
  "    client span POST http://127.0.0.1:<port>/chat.v1.ChatService/Say (auto.http.client)",
  `    server span POST /chat.v1.ChatService/Say (${httpServer})`,
  "      server span chat.v1.ChatService/Say (manual)",
  "        server span work (manual)",
  "  client span chat.v1.ChatService/Say (manual)",
  "    server span chat.v1.ChatService/Say (manual)",
  "      server span work (manual)",
  "  client span chat.v1.ChatService/Chat (manual)",
  "    server span chat.v1.ChatService/Chat (manual)",
  "      server span work (manual)",
];

const sentryLogs = [
  "said one: span chat.v1.ChatService/Say",
  "said two: span chat.v1.ChatService/Say",
  "chatted three: span chat.v1.ChatService/Chat",
];

/** What the kit measures where there is a meter provider. */
const metrics = [
  "client rpc.client.call.duration chat.v1.ChatService/Chat 1",
  "client rpc.client.call.duration chat.v1.ChatService/Say 2",
  "server rpc.server.call.duration chat.v1.ChatService/Chat 1",
  "server rpc.server.call.duration chat.v1.ChatService/Say 2",
];

const expected = {
  traces: 1,
  tree,
  /** The server's lines, each with the span that its trace_id and span_id name. */
  logs: [
    "said one: server chat.v1.ChatService/Say",
    "said two: server chat.v1.ChatService/Say",
    "chatted three: server chat.v1.ChatService/Chat",
  ],
  metrics: [],
  /** How often the kit entered an AsyncLocalStorage of its own, beside the context manager: server, client. */
  storages: [0, 0],
  /** What the processes printed besides their logs. */
  output: [],
};

const otel = (name) => `@opentelemetry/${name}`;
const register = ["--import", otel("auto-instrumentations-node/register")];

/** `nodeArguments` stand before the program. */
export const setups = [
  ...on({ node20: "2.12.1", "sdk-trace-node": "2.12.1" }, (version) => ({
    name: "node-tracer-provider",
    packages: { [otel("sdk-trace-node")]: version, [otel("exporter-trace-otlp-http")]: "0.223.0" },
    nodeArguments: ["--import", "./trace-node.mjs"],
    expected,
  })),
  ...on({ node20: "0.223.0", "sdk-trace-node": "0.223.0", today: "0.301.0" }, (version) => ({
    name: "node-sdk",
    packages: { [otel("sdk-node")]: version },
    nodeArguments: ["--import", "./sdk-node.mjs"],
    expected: { ...expected, metrics },
  })),
  // By itself it sees what is loaded by `require`, and so nothing of what ES modules import.
  ...on({ node20: "0.81.2", "sdk-trace-node": "0.81.2", today: "0.82.0" }, (version) => ({
    name: "auto-instrumentations",
    packages: { [otel("auto-instrumentations-node")]: version },
    nodeArguments: register,
    expected: { ...expected, metrics },
  })),
  ...on({ node20: "0.81.2", "sdk-trace-node": "0.81.2", today: "0.82.0" }, (version) => ({
    name: "auto-instrumentations-esm",
    packages: { [otel("auto-instrumentations-node")]: version },
    nodeArguments: ["--import", "./esm-hook.mjs", ...register],
    expected: { ...expected, tree: instrumentedTree, metrics },
  })),
  ...on({ node20: "10.78.0", "sdk-trace-node": "10.78.0" }, (version) => ({
    name: "sentry-10",
    packages: { "@sentry/node": version },
    nodeArguments: ["--import", "./sentry.mjs"],
    expected: { ...expected, tree: sentryTree("auto.http.otel.http"), logs: sentryLogs },
  })),
  ...on({ node20: "11.12.0", "sdk-trace-node": "11.12.0", today: "11.12.0" }, (version) => ({
    name: "sentry-11",
    packages: { "@sentry/node": version },
    nodeArguments: ["--import", "./sentry.mjs"],
    expected: { ...expected, tree: sentryTree("auto.http.http_server"), logs: sentryLogs },
  })),
];

/** One set-up on several lines, with the version that each line has. */
function on(versions, setup) {
  return Object.entries(versions).map(([line, version]) => ({ line, ...setup(version) }));
}
