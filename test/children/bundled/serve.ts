import { createLogger } from "connect-clue";
import { drainOnSignals } from "connect-clue/node";
import { configureOpenTelemetry, type TelemetryOptions } from "connect-clue/telemetry";
import { startChatServer } from "../../../examples/chat/chat-server.js";

/** Serves the example with telemetry until SIGTERM. Without `await` outside of functions, which CommonJS does not have. */
export function serve(exporters: TelemetryOptions): void {
  const log = createLogger({ format: "json" });
  const telemetry = configureOpenTelemetry({ service: "bundled", ...exporters, logger: log });
  startChatServer({ host: "127.0.0.1", port: 0, log }).then(
    (server) => {
      drainOnSignals({ ...server.draining, telemetry, logger: log });
      log.print("listening", { url: server.url });
    },
    (error: unknown) => log.fatal(error, "can't start"),
  );
}
