import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { callOptions, contextOf, logger, receive, send } from "connect-clue";
import { callerError } from "./fail-as.js";
import {
  OrderStatus,
  type TrackOrderRequest,
  type TrackOrderResponse,
  TrackOrderResponseSchema,
} from "./gen/orders/v1/orders_pb.js";
import type { OrderNeeds } from "./order-needs.js";
import type { StoredOrder } from "./order-repository.js";

/**
 * Sends the status of an order until it is final. The repository tells it, and, while the order waits for goods, the
 * inventory: it is ready when all of them are in stock.
 */
export async function* trackOrder(
  { orderId }: TrackOrderRequest,
  context: HandlerContext,
  needs: OrderNeeds,
): AsyncGenerator<TrackOrderResponse> {
  const order = await needs.orders.find(orderId);
  if (order === undefined) throw new ConnectError(`there is no order ${orderId}`, Code.NotFound);
  let change: Change = { ctx: contextOf(context), status: order.status };
  for (;;) {
    yield send(change.ctx, TrackOrderResponseSchema, { status: change.status });
    if (isFinal(change.status)) return;
    change = await nextChange({ ...order, status: change.status }, context, needs);
  }
}

/** A status, and the context in which it came to be. */
interface Change {
  readonly ctx: Context;
  readonly status: OrderStatus;
}

function isFinal(status: OrderStatus): boolean {
  return status === OrderStatus.SHIPPED || status === OrderStatus.CANCELED;
}

async function nextChange(order: StoredOrder, context: HandlerContext, needs: OrderNeeds): Promise<Change> {
  const { id, status: from } = order;
  const { orders } = needs;
  const settled = new AbortController();
  const signal = AbortSignal.any([context.signal, settled.signal]);
  try {
    const changed = orders.statusAfter(id, from, signal).then((to) => ({ ctx: contextOf(context), to }));
    const complete =
      from === OrderStatus.PLACED
        ? whenInStock(order, context, signal, needs).then((ctx) => ({ ctx, to: undefined }))
        : changed;
    const { ctx, to } = await Promise.race([changed, complete]);
    return { ctx, status: to ?? (await orders.advance(id, from, OrderStatus.READY)) };
  } finally {
    settled.abort();
  }
}

/**
 * Waits until all that was ordered is in stock.
 *
 * @returns the context of the message that told of the last of it
 */
async function whenInStock(
  { lines }: StoredOrder,
  context: HandlerContext,
  signal: AbortSignal,
  { inventory }: OrderNeeds,
): Promise<Context> {
  const needed = new Map<string, number>();
  for (const { sku, quantity } of lines) needed.set(sku, (needed.get(sku) ?? 0) + quantity);
  const stock = new Map<string, number>();
  try {
    const levels = inventory.watchStock({ skus: [...needed.keys()] }, callOptions(context, { signal }));
    for await (const [ctx, { sku, inStock }] of receive(levels, context)) {
      logger(ctx).info("in stock", { sku, quantity: inStock });
      stock.set(sku, inStock);
      if ([...needed].every(([sku, quantity]) => (stock.get(sku) ?? 0) >= quantity)) return ctx;
    }
  } catch (error) {
    throw callerError(error, "the inventory", "the inventory refuses");
  }
  throw new ConnectError("the inventory has stopped telling what is in stock", Code.Unavailable);
}
