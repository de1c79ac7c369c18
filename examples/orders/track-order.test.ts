import { Code, ConnectError } from "@connectrpc/connect";
import { clientInterceptor, serverInterceptor } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { createMock, type ObjectMock, type ServiceMock } from "connect-clue/mock";
import { type TestLogger, testCall, testLogger } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { matchers } from "connect-clue/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import { InventoryService } from "./gen/inventory/v1/inventory_pb.js";
import { OrderService, OrderStatus } from "./gen/orders/v1/orders_pb.js";
import { PaymentService } from "./gen/payment/v1/payment_pb.js";
import type { OrderRepository, StoredOrder } from "./order-repository.js";
import { orderService } from "./order-service.js";

expect.extend(matchers);

let inventory: ServiceMock<typeof InventoryService>;
let payment: ServiceMock<typeof PaymentService>;
let orders: ObjectMock<OrderRepository>;
let log: TestLogger;

beforeEach((t) => {
  inventory = createMock(InventoryService, { test: t });
  payment = createMock(PaymentService, { test: t });
  orders = createMock<OrderRepository>({ name: "OrderRepository", test: t });
  log = testLogger();
});

const { PLACED, READY, SHIPPED, CANCELED } = OrderStatus;

const order: StoredOrder = {
  id: "o-1",
  customer: "ann",
  lines: [
    { sku: "cup", quantity: 2, reservationId: "r-1" },
    { sku: "tea", quantity: 1, reservationId: "r-2" },
  ],
  totalCents: 1200n,
  authorizationId: "a-1",
  status: PLACED,
};

/** Tracks the order: the service runs as it does in production, on mocks of all that it needs. */
function track() {
  const observe = { logger: log, trace: { propagator: testSpans().options.propagator } };
  const transport = { interceptors: [clientInterceptor(observe)] };
  const { trackOrder } = orderService({
    inventory: inventory.client({ transport }),
    payment: payment.client({ transport }),
    orders: orders.object,
  });
  return testCall(OrderService.method.trackOrder, trackOrder, {
    request: { orderId: "o-1" },
    interceptors: [serverInterceptor(observe)],
  });
}

/** A repository in which nothing happens until nobody wants to know any more. */
function noChange(_id: string, _from: OrderStatus, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

describe("TrackOrder", () => {
  it("knows nothing of an order that does not exist", async () => {
    orders.add("find", async () => undefined);

    await expect(track().rest()).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: "there is no order o-1",
    });
  });

  it("tells each status until the order is shipped", async () => {
    orders.add("find", async () => ({ ...order, status: READY }));
    orders.add("statusAfter", async (id, from) => {
      expect([id, from]).toEqual(["o-1", READY]);
      return SHIPPED;
    });

    expect(await track().rest()).toMatchObject([{ status: READY }, { status: SHIPPED }]);
    expect(log.entries).toEqual([]);
  });

  it("is ready as soon as all goods are in stock", async (t) => {
    const clock = fakeClock({ test: t });
    orders.add("find", async () => order);
    orders.add("statusAfter", noChange);
    orders.add("advance", async (_id, _from, to) => to);
    orders.add("statusAfter", async () => SHIPPED);
    inventory
      .add("watchStock")
      .expect({ skus: ["cup", "tea"] })
      .send({ sku: "cup", inStock: 1 })
      .send({ sku: "tea", inStock: 7 })
      .delay(3_600_000)
      .send({ sku: "cup", inStock: 2 })
      .never();

    const call = track();
    expect(await call.receive()).toMatchObject({ status: PLACED });
    const ready = call.receive();
    await clock.advance(3_600_000);

    expect(await ready).toMatchObject({ status: READY });
    expect(await call.rest()).toMatchObject([{ status: SHIPPED }]);
    expect(orders.calls("advance")).toEqual([{ method: "advance", args: ["o-1", PLACED, READY] }]);
  });

  it("waits for the goods of all lines of a kind", async () => {
    const lines = [1, 2].map((n) => ({ sku: "cup", quantity: 2, reservationId: `r-${n}` }));
    orders.add("find", async () => ({ ...order, lines }));
    orders.add("statusAfter", noChange);
    orders.add("advance", async (_id, _from, to) => to);
    orders.add("statusAfter", async () => SHIPPED);
    inventory
      .add("watchStock")
      .expect({ skus: ["cup"] })
      .send({ sku: "cup", inStock: 2 })
      .send({ sku: "cup", inStock: 4 })
      .never();

    const call = track();
    expect(await call.receive()).toMatchObject({ status: PLACED });
    const ready = call.receive();
    const watch = await inventory.called("watchStock");
    await watch.sent(2);

    expect(await ready).toMatchObject({ status: READY });
    expect(await call.rest()).toMatchObject([{ status: SHIPPED }]);
  });

  it("stops watching the stock when somebody else has seen that all is there", async () => {
    orders.add("find", async () => order);
    orders.add("statusAfter", async () => {
      await inventory.called("watchStock");
      return READY;
    });
    orders.add("statusAfter", async () => {
      const watch = await inventory.called("watchStock");
      await watch.ended; // after never(), a call ends only when its client gives it up
      return CANCELED;
    });
    inventory.add("watchStock").never();

    expect(await track().rest()).toMatchObject([{ status: PLACED }, { status: READY }, { status: CANCELED }]);
  });

  it("ends when the inventory fails, and tells the log how far it came", async () => {
    orders.add("find", async () => order);
    orders.add("statusAfter", noChange);
    inventory
      .add("watchStock")
      .send({ sku: "cup", inStock: 0 })
      .send({ sku: "cup", inStock: 1 })
      .fail(new ConnectError("database gone", Code.Unavailable));

    const call = track();

    expect(await call.receive()).toMatchObject({ status: PLACED });
    await expect(call.receive()).rejects.toMatchObject({ rawMessage: "the inventory does not answer" });
    expect(log).toHaveLogged({ message: "in stock", fields: { sku: "cup", quantity: 1 } });
    expect(log).toHaveLogged({ severity: "error", fields: { err: /database gone/ } });
  });

  it("stops watching the stock when its client goes away", async () => {
    orders.add("find", async () => order);
    orders.add("statusAfter", noChange);
    inventory.add("watchStock").send({ sku: "cup", inStock: 1 }).never();

    const call = track();
    expect(await call.receive()).toMatchObject({ status: PLACED });
    const ending = call.rest();
    const watch = await inventory.called("watchStock");
    await watch.sent();
    call.cancel();

    await expect(ending).rejects.toMatchObject({ code: Code.Canceled });
    await watch.ended;
    expect(watch.error).toMatchObject({ code: Code.Canceled });
  });

  it("tells that the goods are there in the trace of who brought them", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    orders.add("find", async () => order);
    orders.add("statusAfter", noChange);
    orders.add("advance", async (_id, _from, to) => to);
    orders.add("statusAfter", async () => SHIPPED);
    inventory
      .add("watchStock")
      .send({ sku: "cup", inStock: 2 })
      .send({ sku: "tea", inStock: 1, traceMetadata: { traceparent } });

    expect(await track().rest()).toMatchObject([
      { status: PLACED, traceMetadata: {} },
      { status: READY, traceMetadata: { traceparent } },
      { status: SHIPPED, traceMetadata: {} },
    ]);
  });
});
