import { beforeEach, describe, expect, it } from "vitest";
import { OrderStatus } from "./gen/orders/v1/orders_pb.js";
import { MemoryOrderRepository } from "./memory-order-repository.js";
import type { NewOrder } from "./order-repository.js";

const { PLACED, READY, CANCELED } = OrderStatus;
const order: NewOrder = {
  customer: "ann",
  lines: [{ sku: "cup", quantity: 2, reservationId: "r-1" }],
  totalCents: 900n,
  authorizationId: "a-1",
  status: PLACED,
};

describe("MemoryOrderRepository", () => {
  let orders: MemoryOrderRepository;
  let id: string;

  beforeEach(async () => {
    orders = new MemoryOrderRepository();
    id = await orders.save(order);
  });

  it("finds what was saved, and nothing else", async () => {
    expect(await orders.find(id)).toEqual({ ...order, id });
    expect(await orders.find("another")).toBeUndefined();
  });

  it("advances an order only from the status that the caller knows", async () => {
    expect(await orders.advance(id, PLACED, CANCELED)).toBe(CANCELED);
    expect(await orders.advance(id, PLACED, READY)).toBe(CANCELED);
    expect((await orders.find(id))?.status).toBe(CANCELED);
  });

  it("tells a status that is another one already", async () => {
    expect(await orders.statusAfter(id, READY, new AbortController().signal)).toBe(PLACED);
  });

  it("tells the next status, of that order alone", async () => {
    const next = orders.statusAfter(id, PLACED, new AbortController().signal);
    await orders.advance(await orders.save(order), PLACED, CANCELED);
    await orders.advance(id, PLACED, READY);

    expect(await next).toBe(READY);
  });

  it("stops waiting when the signal aborts", async () => {
    const stop = new AbortController();
    const next = orders.statusAfter(id, PLACED, stop.signal);
    stop.abort(new Error("enough"));

    await expect(next).rejects.toThrow("enough");
  });

  it("knows no status of an order that does not exist", async () => {
    await expect(orders.advance("another", PLACED, READY)).rejects.toThrow('there is no order "another"');
  });
});
