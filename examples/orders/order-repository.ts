import type { OrderStatus } from "./gen/orders/v1/orders_pb.js";

/** Where orders are kept. */
export interface OrderRepository {
  /**
   * Keeps a new order.
   *
   * @returns its id
   */
  save(order: NewOrder): Promise<string>;
  /** The order of that id, if there is one. */
  find(id: string): Promise<StoredOrder | undefined>;
  /**
   * Gives an order the status `to`, unless it has another one than `from` by now.
   *
   * @returns the status that it has then
   */
  advance(id: string, from: OrderStatus, to: OrderStatus): Promise<OrderStatus>;
  /**
   * Waits until an order has another status than `from`. Rejects with the signal's reason when that aborts.
   *
   * @returns that status
   */
  statusAfter(id: string, from: OrderStatus, signal: AbortSignal): Promise<OrderStatus>;
}

/** An order that is kept. What stands for the card is not. */
export interface StoredOrder {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly StoredLine[];
  readonly totalCents: bigint;
  readonly authorizationId: string;
  readonly status: OrderStatus;
}

/** Goods of one kind, and what keeps them in the inventory. */
export interface StoredLine {
  readonly sku: string;
  readonly quantity: number;
  readonly reservationId: string;
}

/** An order that has no id yet. */
export type NewOrder = Omit<StoredOrder, "id">;
