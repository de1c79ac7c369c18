/**
 * Serves the orders, with health, until SIGINT or SIGTERM: `INVENTORY_URL=http://… PAYMENT_URL=http://… node server.js`.
 * `HOST` and `PORT` say where; by default 127.0.0.1 and 8080.
 */
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { clientInterceptor, createLogger, serverInterceptor } from "connect-clue";
import { createChecker, healthHandler, healthRoutes } from "connect-clue/health";
import { createNodeServer, drainOnSignals, nodeContextValues } from "connect-clue/node";
import { InventoryService } from "./gen/inventory/v1/inventory_pb.js";
import { OrderService } from "./gen/orders/v1/orders_pb.js";
import { PaymentService } from "./gen/payment/v1/payment_pb.js";
import { MemoryOrderRepository } from "./memory-order-repository.js";
import { orderService } from "./order-service.js";

const logger = createLogger();

try {
  const service = orderService({
    inventory: createClient(InventoryService, downstream("INVENTORY_URL")),
    payment: createClient(PaymentService, downstream("PAYMENT_URL")),
    orders: new MemoryOrderRepository(),
  });
  const checker = createChecker({ logger });
  const shutdown = new AbortController();
  const handler = connectNodeAdapter({
    interceptors: [serverInterceptor({ logger })],
    contextValues: nodeContextValues,
    shutdownSignal: shutdown.signal,
    fallback: healthHandler(checker),
    routes(router) {
      router.service(OrderService, service);
      healthRoutes(checker)(router);
    },
  });
  const { HOST: host = "127.0.0.1", PORT: port = "8080" } = process.env;
  const server = await createNodeServer({ handler, host, port: Number(port) });
  drainOnSignals({ server, shutdown, checker, logger });
  logger.print("listening", { url: server.url });
} catch (error) {
  logger.fatal(error, "can't start");
}

/** A transport to a service whose address is in the environment. */
function downstream(variable: string) {
  const baseUrl = process.env[variable];
  if (!baseUrl)
    throw new TypeError(`${variable}: expected a URL, such as http://localhost:8081, got nothing`);
  return createGrpcTransport({ baseUrl, interceptors: [clientInterceptor({ logger })] });
}
