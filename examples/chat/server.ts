/** `npm start`: serves the chat service until SIGINT or SIGTERM. Logs alone go to standard output. */
import { createLogger, type LogFormatOption } from "connect-clue";
import { configureOpenTelemetry, exportersFromEnvironment, type Telemetry } from "connect-clue/telemetry";
import { type ChatServer, startChatServer } from "./chat-server.js";

const log = createLogger(formatFromEnvironment());

try {
  const host = process.env.HOST || "127.0.0.1";
  const telemetry = telemetryFromEnvironment();
  const server = await startChatServer({
    host,
    port: portFromEnvironment(),
    log,
    trace: { messageSpans: "child" },
  });
  stopOnSignal(server, telemetry);
  console.error(greeting(server.url));
} catch (error) {
  log.fatal(error, "can't start");
}

function greeting(url: string): string {
  const call = (method: string, data: string) =>
    `  npx buf curl --http2-prior-knowledge --protocol grpc --schema examples/chat/proto -d '${data}' ${url}/chat.v1.ChatService/${method}`;
  return [
    `Listening on ${url} (gRPC, gRPC-Web and Connect over HTTP/2). Try, and watch what is logged:`,
    call("Say", '{"text":"hi"}'),
    call("Say", '{"text":"fail now"}'),
    call("Chat", '{"text":"a"}{"text":"fail"}{"text":"b"}'),
  ].join("\n");
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

/** Through npm a signal may come twice, within milliseconds: the second one means nothing then. */
function stopOnSignal(server: ChatServer, telemetry: Telemetry | undefined): void {
  let stopping: number | undefined;
  const stop = () => {
    if (stopping === undefined) {
      stopping = performance.now();
      const exit = () => process.exit(0);
      server
        .stop()
        .then(() => telemetry?.shutdown())
        .then(exit, exit);
    } else if (performance.now() - stopping > 1000) {
      process.exit(1);
    }
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
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
