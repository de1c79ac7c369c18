/** `npm start`: serves the chat service until SIGINT or SIGTERM. Logs alone go to standard output. */
import { createLogger, type LogFormatOption } from "connect-clue";
import { drainOnSignals } from "connect-clue/node";
import { exportersFromEnvironment } from "connect-clue/otlp-grpc";
import { configureOpenTelemetry, type Telemetry } from "connect-clue/telemetry";
import { startChatServer } from "./chat-server.js";
import { PretendedDependency } from "./pretended-dependency.js";

const log = createLogger(formatFromEnvironment());

try {
  const telemetry = telemetryFromEnvironment();
  const dependency = dependencyFromEnvironment();
  const server = await startChatServer({
    host: process.env.HOST || "127.0.0.1",
    port: portFromEnvironment(),
    log,
    dependencies: [dependency],
    debugToken: process.env.CLUE_DEBUG_TOKEN,
    trace: { messageSpans: "child" },
  });
  if (process.platform !== "win32") process.on("SIGUSR2", () => dependency.toggle());
  drainOnSignals({ ...server.draining, telemetry, logger: log, noticeAfterMs: 200 });
  console.error(greeting(server.url));
} catch (error) {
  log.fatal(error, "can't start");
}

function greeting(url: string): string {
  const call = (method: string, data: string) => `  npx buf curl -d '${data}' ${url}/${method}`;
  return [
    `Listening on ${url} (gRPC, gRPC-Web and Connect over HTTP/1.1 and HTTP/2). Try, and watch what is logged:`,
    call("chat.v1.ChatService/Say", '{"text":"hi"}'),
    call("chat.v1.ChatService/Say", '{"text":"fail now"}'),
    call("chat.v1.ChatService/Chat", '{"text":"a"}{"text":"fail"}{"text":"b"}'),
    call("grpc.health.v1.Health/Watch", "{}"),
    `  curl -i ${url}/readyz`,
    process.env.CLUE_DEBUG_TOKEN
      ? `  npx connect-clue --addr ${url} calls    # with the same CLUE_DEBUG_TOKEN; see npx connect-clue --help`
      : "  CLUE_DEBUG_TOKEN=… npm start    # serves the debug service, for who has the token",
    `  kill -USR2 ${process.pid}    # takes down what the service needs, and brings it back`,
  ].join("\n");
}

/** Whether what the service pretends to need is there at the start: `DEPENDENCY=down` says that it is not. */
function dependencyFromEnvironment(): PretendedDependency {
  const text = process.env.DEPENDENCY || "up";
  if (text === "up" || text === "down") return new PretendedDependency(text === "up");
  throw new TypeError(`DEPENDENCY: expected up or down, got ${JSON.stringify(text)}`);
}

/** Sends spans and metrics to where the environment says, if it does. The other `OTEL_*` variables hold, too. */
function telemetryFromEnvironment(): Telemetry | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES = "" } = process.env;
  if (!OTEL_EXPORTER_OTLP_ENDPOINT) return undefined;
  const isNamed = OTEL_SERVICE_NAME || /\bservice\.name=/.test(OTEL_RESOURCE_ATTRIBUTES);
  return configureOpenTelemetry({
    ...(isNamed ? {} : { service: "chat" }),
    ...exportersFromEnvironment(),
    logger: log,
  });
}

function portFromEnvironment(): number {
  const text = process.env.PORT || "8080";
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new TypeError(`PORT: expected a number from 0 to 65535, got ${JSON.stringify(text)}`);
  }
  return port;
}

function formatFromEnvironment(): { format?: LogFormatOption } {
  const format = process.env.LOG_FORMAT;
  if (!format) return {};
  if (format === "text" || format === "terminal" || format === "json") return { format };
  console.error(`LOG_FORMAT: expected text, terminal or json, got ${JSON.stringify(format)}`);
  process.exit(1);
}
