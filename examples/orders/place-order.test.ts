import { Code, ConnectError } from "@connectrpc/connect";
import { clientInterceptor, type InterceptorOptions, serverInterceptor } from "connect-clue";
import { fakeClock } from "connect-clue/fake-clock";
import { createMock, type ObjectMock } from "connect-clue/mock";
import { type TestCallOptions, type TestLogger, testCall, testLogger } from "connect-clue/testing";
import { testSpans } from "connect-clue/testing-telemetry";
import { matchers } from "connect-clue/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import { InventoryServiceMock } from "./gen/inventory/v1/inventory_mock.js";
import { OrderService, OrderStatus } from "./gen/orders/v1/orders_pb.js";
import { PaymentServiceMock } from "./gen/payment/v1/payment_mock.js";
import type { OrderRepository } from "./order-repository.js";
import { orderService } from "./order-service.js";

expect.extend(matchers);

let inventory: InventoryServiceMock;
let payment: PaymentServiceMock;
let orders: ObjectMock<OrderRepository>;
let log: TestLogger;
let observe: InterceptorOptions;

beforeEach((t) => {
  inventory = new InventoryServiceMock({ test: t });
  payment = new PaymentServiceMock({ test: t });
  orders = createMock<OrderRepository>({ name: "OrderRepository", test: t });
  log = testLogger();
  observe = { logger: log };
});

const order = {
  customer: "ann",
  cardToken: "tok-1",
  lines: [
    { sku: "cup", quantity: 2 },
    { sku: "tea", quantity: 1 },
  ],
};

/** Places the order: the service runs as it does in production, on mocks of all that it needs. */
function place(options: TestCallOptions<typeof OrderService.method.placeOrder> = {}) {
  const transport = { interceptors: [clientInterceptor(observe)] };
  const { placeOrder } = orderService({
    inventory: inventory.client({ transport }),
    payment: payment.client({ transport }),
    orders: orders.object,
  });
  return testCall(OrderService.method.placeOrder, placeOrder, {
    request: { order },
    interceptors: [serverInterceptor(observe)],
    ...options,
  });
}

describe("PlaceOrder", () => {
  it("reserves the goods, takes the money and keeps the order", async () => {
    inventory
      .addReserve()
      .expect({ sku: "cup", quantity: 2 })
      .send({ reservationId: "r-1", unitPriceCents: 450n });
    inventory
      .addReserve()
      .expect({ sku: "tea", quantity: 1 })
      .send({ reservationId: "r-2", unitPriceCents: 300n });
    payment
      .addAuthorize()
      .expect({ amountCents: 1200n, cardToken: "tok-1" })
      .send({ authorizationId: "a-1" });
    payment.addCapture().expect({ authorizationId: "a-1" }).send({});
    orders.add("save", async (saved) => {
      expect(saved).toEqual({
        customer: "ann",
        lines: [
          { sku: "cup", quantity: 2, reservationId: "r-1" },
          { sku: "tea", quantity: 1, reservationId: "r-2" },
        ],
        totalCents: 1200n,
        authorizationId: "a-1",
        status: OrderStatus.PLACED,
      });
      return "o-1";
    });

    const { message } = await place().response;

    expect(message).toMatchObject({ orderId: "o-1", totalCents: 1200n, status: OrderStatus.PLACED });
    expect(log.entries).toEqual([]);
  });

  it("releases what it has reserved when the card is refused", async () => {
    inventory.addReserve().send({ reservationId: "r-1", unitPriceCents: 450n });
    inventory.addReserve().send({ reservationId: "r-2", unitPriceCents: 300n });
    payment.addAuthorize().fail(new ConnectError("limit of 10.00 exceeded", Code.FailedPrecondition));
    inventory.addRelease().expect({ reservationId: "r-2" }).send({});
    inventory.addRelease().expect({ reservationId: "r-1" }).send({});

    const error = await place().error;

    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the card is refused" });
    // Why it was refused is for the log, and the card for nobody.
    expect(log).toHaveLogged({ severity: "warn", fields: { err: /limit of 10.00 exceeded/ } });
    expect(log.text()).not.toContain("tok-1");
  });

  it("authorizes nothing when goods are short", async () => {
    inventory.addReserve().send({ reservationId: "r-1", unitPriceCents: 450n });
    inventory.addReserve().fail(new ConnectError("2 short", Code.FailedPrecondition));
    inventory.addRelease().expect({ reservationId: "r-1" }).send({});

    const error = await place().error;

    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "tea is not in stock" });
    // Had anybody called the payment service, its mock would fail this test: it expects nothing.
  });

  it("gives the money back when the order can't be kept", async () => {
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    inventory.setRelease().send({});
    payment.addAuthorize().send({ authorizationId: "a-1" });
    orders.add("save", () => Promise.reject(new Error("disk full")));
    payment.addVoid().expect({ authorizationId: "a-1" }).send({});

    const error = await place().error;

    expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error" });
    expect(inventory.calls("release")).toHaveLength(2);
  });

  it("takes the order back when the payment is refused", async () => {
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    inventory.setRelease().send({});
    payment.addAuthorize().send({ authorizationId: "a-1" });
    payment.addCapture().fail(new ConnectError("expired", Code.FailedPrecondition));
    payment.addVoid().expect({ authorizationId: "a-1" }).send({});
    orders.add("save", async () => "o-1");
    orders.add("advance", async (_id, _from, to) => to);

    const error = await place().error;

    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the payment is refused" });
    const { PLACED, CANCELED } = OrderStatus;
    expect(orders.calls("advance")).toEqual([{ method: "advance", args: ["o-1", PLACED, CANCELED] }]);
    expect(inventory.calls("release")).toHaveLength(2);
  });

  it("lets the order stand when nobody knows whether the money was taken", async (t) => {
    const clock = fakeClock({ test: t });
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    payment.addAuthorize().send({ authorizationId: "a-1" });
    payment.addCapture().never();
    orders.add("save", async () => "o-1");

    const call = place();
    const capture = await payment.called("capture");
    await capture.received();
    await clock.advance(2000);

    // Neither voided nor released: the mocks expect nothing of the kind.
    expect((await call.response).message).toMatchObject({ orderId: "o-1", status: OrderStatus.PLACED });
    expect(log).toHaveLogged({
      severity: "error",
      message: "the outcome of a capture is unknown",
      fields: { order: "o-1", authorization: "a-1", "err.code": "deadline_exceeded" },
    });
  });

  it("goes on with undoing when a part of that fails, and tells the log", async () => {
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    payment.addAuthorize().fail(new ConnectError("stolen", Code.FailedPrecondition));
    inventory.addRelease().fail(new ConnectError("database gone", Code.Unavailable));
    inventory.addRelease().send({});

    const error = await place().error;

    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the card is refused" });
    expect(log).toHaveLogged({
      severity: "error",
      message: "could not undo",
      fields: { step: "reservation" },
    });
  });

  it("gives up on a payment service that does not answer within two seconds", async (t) => {
    const clock = fakeClock({ test: t });
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    inventory.setRelease().send({});
    payment.addAuthorize().never();

    const call = place();
    await payment.called("authorize");
    await clock.advance(2000);

    const error = await call.error;
    expect(error).toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the payment service does not answer",
    });
    expect(inventory.calls("release")).toHaveLength(2);
  });

  it("hands its deadline on", async (t) => {
    const clock = fakeClock({ test: t });
    inventory.addReserve().never();

    const call = place({ timeoutMs: 500 });
    const reserve = await inventory.called("reserve");
    await clock.advance(500);

    expect(await call.error).toMatchObject({ code: Code.DeadlineExceeded });
    await reserve.ended;
    expect(reserve.error).toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("releases the goods of a client that goes away", async () => {
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    inventory.setRelease().send({});
    payment.addAuthorize().never();

    const call = place();
    const authorize = await payment.called("authorize");
    call.cancel();
    await call.handled;

    await authorize.ended;
    expect(authorize.error).toMatchObject({ code: Code.Canceled });
    expect(inventory.calls("release")).toHaveLength(2);
    expect(log).not.toHaveLogged("could not undo");
  });

  // Each mock has a sequence of its own. What came first across them is seen in the trace.
  it("takes no money before all goods are reserved", async () => {
    const spans = testSpans();
    observe = { logger: log, trace: spans.options };
    inventory.setReserve().send({ reservationId: "r", unitPriceCents: 100n });
    payment.setAuthorize().send({ authorizationId: "a" });
    payment.setCapture().send({});
    orders.set("save", async () => "o-1");

    await place().response;

    expect(spans.tree()).toBe(
      [
        "orders.v1.OrderService/PlaceOrder (server)",
        "  inventory.v1.InventoryService/Reserve (client)",
        "  inventory.v1.InventoryService/Reserve (client)",
        "  payment.v1.PaymentService/Authorize (client)",
        "  payment.v1.PaymentService/Capture (client)",
      ].join("\n"),
    );
  });

  it.each([
    ["no order", undefined, "order: expected one or more lines"],
    ["no lines", { ...order, lines: [] }, "order: expected one or more lines"],
    [
      "a quantity of 0",
      { ...order, lines: [{ sku: "cup", quantity: 0 }] },
      "order: quantity of cup: expected 1 or more, got 0",
    ],
  ])("refuses %s before it asks anybody", async (_, wrong, problem) => {
    const error = await place({ request: { order: wrong } }).error;

    expect(error).toMatchObject({ code: Code.InvalidArgument, rawMessage: problem });
  });
});
