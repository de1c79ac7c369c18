import { Code, ConnectError } from "@connectrpc/connect";
import { clientInterceptor, serverInterceptor } from "connect-clue";
import { createMock, type ObjectMock, type ServiceMock } from "connect-clue/mock";
import { type TestLogger, testCall, testLogger } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { matchers } from "connect-clue/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import { InventoryService } from "./gen/inventory/v1/inventory_pb.js";
import { OrderService, OrderStatus } from "./gen/orders/v1/orders_pb.js";
import { PaymentService } from "./gen/payment/v1/payment_pb.js";
import type { OrderRepository } from "./order-repository.js";
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

const cups = { customer: "ann", cardToken: "tok-1", lines: [{ sku: "cup", quantity: 2 }] };
const teas = { customer: "bob", cardToken: "tok-2", lines: [{ sku: "tea", quantity: 1 }] };

/** Opens the stream: the service runs as it does in production, on mocks of all that it needs. */
function open() {
  const observe = { logger: log, trace: { propagator: testSpans().options.propagator } };
  const transport = { interceptors: [clientInterceptor(observe)] };
  const { bulkOrders } = orderService({
    inventory: inventory.client({ transport }),
    payment: payment.client({ transport }),
    orders: orders.object,
  });
  return testCall(OrderService.method.bulkOrders, bulkOrders, {
    interceptors: [serverInterceptor(observe)],
  });
}

describe("BulkOrders", () => {
  it("answers each order before it reads the next", async () => {
    inventory
      .add("reserveAll")
      .expect({ sku: "cup", quantity: 2 })
      .send({ sku: "cup", reservationId: "r-1", unitPriceCents: 450n })
      .expect({ sku: "tea", quantity: 1 })
      .send({ sku: "tea", reservationId: "r-2", unitPriceCents: 300n })
      .expectEnd();
    payment
      .add("authorize")
      .expect({ amountCents: 900n, cardToken: "tok-1" })
      .send({ authorizationId: "a-1" });
    payment.add("capture").expect({ authorizationId: "a-1" }).send({});
    payment
      .add("authorize")
      .expect({ amountCents: 300n, cardToken: "tok-2" })
      .send({ authorizationId: "a-2" });
    payment.add("capture").expect({ authorizationId: "a-2" }).send({});
    orders.add("save", async () => "o-1").add("save", async () => "o-2");

    const call = open();
    void call.send({ reference: "1", order: cups });
    expect(await call.receive()).toMatchObject({
      reference: "1",
      result: { case: "placed", value: { orderId: "o-1", totalCents: 900n, status: OrderStatus.PLACED } },
    });
    void call.send({ reference: "2", order: teas });
    expect(await call.receive()).toMatchObject({
      reference: "2",
      result: { case: "placed", value: { orderId: "o-2", totalCents: 300n, status: OrderStatus.PLACED } },
    });
    call.end();

    expect(await call.rest()).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  it("goes on after an order that fails", async () => {
    inventory
      .add("reserveAll")
      .expect({ sku: "cup", quantity: 2 })
      .send({ sku: "cup", reservationId: "" })
      .expect({ sku: "tea", quantity: 1 })
      .send({ sku: "tea", reservationId: "r-2", unitPriceCents: 300n })
      .expectEnd();
    payment.add("authorize").fail(new ConnectError("stolen", Code.FailedPrecondition));
    inventory.add("release").expect({ reservationId: "r-2" }).send({});

    const call = open();
    void call.send({ reference: "1", order: cups });
    void call.send({ reference: "2", order: teas });
    void call.send({ reference: "3" });
    call.end();

    expect(await call.rest()).toMatchObject([
      { reference: "1", result: { case: "error", value: "cup is not in stock" } },
      { reference: "2", result: { case: "error", value: "the card is refused" } },
      { reference: "3", result: { case: "error", value: "order: expected one or more lines" } },
    ]);
    expect(await call.error).toBeUndefined();
  });

  it("ends when the inventory fails in the middle", async () => {
    inventory
      .add("reserveAll")
      .expect()
      .send({ sku: "cup", reservationId: "r-1", unitPriceCents: 450n })
      .expect()
      .fail(new ConnectError("database gone", Code.Internal));
    payment.set("authorize").send({ authorizationId: "a-1" });
    payment.set("capture").send({});
    orders.add("save", async () => "o-1");

    const call = open();
    void call.send({ reference: "1", order: cups });
    expect(await call.receive()).toMatchObject({ reference: "1", result: { case: "placed" } });
    void call.send({ reference: "2", order: teas });

    await expect(call.receive()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the inventory does not answer",
    });
  });

  it("ends when the inventory confirms other goods than it was asked for", async () => {
    inventory
      .add("reserveAll")
      .expect({ sku: "cup", quantity: 2 })
      .send({ sku: "tea", reservationId: "r-1" });

    const call = open();
    void call.send({ reference: "1", order: cups });

    await expect(call.receive()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the inventory does not answer",
    });
    expect(log).toHaveLogged({
      fields: { "err.causes": ["[internal] asked for cup, the answer is for tea"] },
    });
  });

  it("keeps what the inventory fails with at the end to itself", async () => {
    inventory
      .add("reserveAll")
      .expect()
      .send({ sku: "cup", reservationId: "" })
      .expectEnd()
      .fail(new ConnectError("db password=x gone", Code.DataLoss));

    const call = open();
    void call.send({ reference: "1", order: cups });
    await call.receive();
    call.end();

    await expect(call.rest()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the inventory does not answer",
    });
    expect(log).toHaveLogged({ severity: "error", fields: { err: /password=x/ } });
  });

  it("ends its stream to the inventory when its client goes away", async () => {
    inventory
      .add("reserveAll")
      .expect({ sku: "cup", quantity: 2 })
      .send({ sku: "cup", reservationId: "" })
      .never();

    const call = open();
    void call.send({ reference: "1", order: cups });
    await call.receive();
    call.cancel();

    const reservations = await inventory.called("reserveAll");
    await reservations.ended;
    expect(reservations.error).toMatchObject({ code: Code.Canceled });
  });

  it("handles each order in the trace that it came with", async () => {
    const ann = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const bob = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    inventory
      .add("reserveAll")
      .expect({ sku: "cup", quantity: 2, traceMetadata: { traceparent: ann } })
      .send({ sku: "cup", reservationId: "r-1", unitPriceCents: 450n })
      .expect({ sku: "tea", quantity: 1, traceMetadata: { traceparent: bob } })
      .send({ sku: "tea", reservationId: "r-2", unitPriceCents: 300n })
      .expectEnd();
    payment.set("authorize").send({ authorizationId: "a" });
    payment.set("capture").send({});
    orders.set("save", async () => "o");

    const call = open();
    void call.send({ reference: "1", order: cups, traceMetadata: { traceparent: ann } });
    void call.send({ reference: "2", order: teas, traceMetadata: { traceparent: bob } });
    call.end();

    expect(await call.rest()).toMatchObject([
      { reference: "1", traceMetadata: { traceparent: ann } },
      { reference: "2", traceMetadata: { traceparent: bob } },
    ]);
    const traces = payment.calls("authorize").map(({ header }) => header.get("traceparent"));
    expect(traces).toEqual([ann, bob]);
  });
});
