/** A server whose handler never answers, drained on signals. It says where it listens, and that it is asked. */
import { createLogger } from "connect-clue";
import { createNodeServer, drainOnSignals } from "connect-clue/node";

const handler = () => console.error("asked");
const server = await createNodeServer({ handler, port: 0, host: "127.0.0.1" });
drainOnSignals({ server, logger: createLogger({ format: "json" }), graceMs: 100 });
console.error(server.url);
