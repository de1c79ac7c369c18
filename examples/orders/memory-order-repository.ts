import { randomUUID } from "node:crypto";
import type { OrderStatus } from "./gen/orders/v1/orders_pb.js";
import type { NewOrder, OrderRepository, StoredOrder } from "./order-repository.js";

/** Keeps orders in memory, as long as the process lives. */
export class MemoryOrderRepository implements OrderRepository {
  private readonly orders = new Map<string, StoredOrder>();
  private readonly changes = new EventTarget();

  async save(order: NewOrder): Promise<string> {
    const id = randomUUID();
    this.orders.set(id, { ...order, id });
    return id;
  }

  async find(id: string): Promise<StoredOrder | undefined> {
    return this.orders.get(id);
  }

  async advance(id: string, from: OrderStatus, to: OrderStatus): Promise<OrderStatus> {
    const order = this.existing(id);
    if (order.status !== from) return order.status;
    this.orders.set(id, { ...order, status: to });
    this.changes.dispatchEvent(new Event(id));
    return to;
  }

  async statusAfter(id: string, from: OrderStatus, signal: AbortSignal): Promise<OrderStatus> {
    for (;;) {
      signal.throwIfAborted();
      const { status } = this.existing(id);
      if (status !== from) return status;
      await this.change(id, signal);
    }
  }

  /** Resolves at the next change of an order, or when the signal aborts. */
  private change(id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = new AbortController();
      const wake = () => {
        stop.abort();
        resolve();
      };
      this.changes.addEventListener(id, wake, { signal: stop.signal });
      signal.addEventListener("abort", wake, { signal: stop.signal });
    });
  }

  private existing(id: string): StoredOrder {
    const order = this.orders.get(id);
    if (order === undefined) throw new Error(`there is no order ${JSON.stringify(id)}`);
    return order;
  }
}
