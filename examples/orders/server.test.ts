import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createMock } from "connect-clue/mock";
import { serveMock } from "connect-clue/mock-server";
import { expect, it } from "vitest";
import { InventoryService } from "./gen/inventory/v1/inventory_pb.js";
import { OrderService, OrderStatus } from "./gen/orders/v1/orders_pb.js";
import { PaymentService } from "./gen/payment/v1/payment_pb.js";

const program = fileURLToPath(new URL("../../dist/examples/orders/server.js", import.meta.url));

// The server is a process of its own here: the mocks are served on ports, and it does not know that they are mocks.
it("serves orders until it is told to stop", async (t) => {
  const inventory = createMock(InventoryService, { test: t });
  const payment = createMock(PaymentService, { test: t });
  inventory
    .add("reserve")
    .expect({ sku: "cup", quantity: 2 })
    .send({ reservationId: "r-1", unitPriceCents: 450n });
  payment.add("authorize").expect({ amountCents: 900n, cardToken: "tok-1" }).send({ authorizationId: "a-1" });
  payment.add("capture").expect({ authorizationId: "a-1" }).send({});

  const server = spawn(process.execPath, [program], {
    env: {
      INVENTORY_URL: (await serveMock(inventory)).url,
      PAYMENT_URL: (await serveMock(payment)).url,
      PORT: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.onTestFinished(() => void server.kill("SIGKILL"));
  const client = createClient(OrderService, createGrpcTransport({ baseUrl: await listening(server) }));
  const placed = await client.placeOrder({
    order: { customer: "ann", cardToken: "tok-1", lines: [{ sku: "cup", quantity: 2 }] },
  });
  server.kill("SIGTERM");

  expect(placed).toMatchObject({ totalCents: 900n, status: OrderStatus.PLACED });
  expect(await once(server, "exit")).toEqual([0, null]);
});

/** Waits for the server's first line, which tells its address. */
async function listening({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("the server has no standard output");
  const lines = createInterface(stdout);
  const [line] = await once(lines, "line");
  const url = / url=(\S+)/.exec(line)?.[1];
  if (url === undefined) throw new Error(`expected the server to listen, got ${line}`);
  return url;
}
