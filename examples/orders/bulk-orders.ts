import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { logger, receive, send } from "connect-clue";
import {
  type BulkOrdersRequest,
  type BulkOrdersResponse,
  BulkOrdersResponseSchema,
  type Order,
} from "./gen/orders/v1/orders_pb.js";
import type { OrderNeeds } from "./order-needs.js";
import { placeOrder } from "./place-order.js";
import { ReservationStream } from "./reservations.js";

/** Places orders one by one, each in the context of its message. They share one stream to the inventory. */
export async function* bulkOrders(
  requests: AsyncIterable<BulkOrdersRequest>,
  context: HandlerContext,
  needs: OrderNeeds,
): AsyncGenerator<BulkOrdersResponse> {
  const reservations = new ReservationStream(needs.inventory, context);
  for await (const [ctx, { reference, order }] of receive(requests, context)) {
    const result = await placedOrError(ctx, order, reservations, needs);
    logger(ctx).info("answered", { reference, result: result.case });
    yield send(ctx, BulkOrdersResponseSchema, { reference, result });
  }
  await reservations.end();
}

/** What an order fails with is its answer. Without its reservations, or with a bug, the stream can't go on. */
async function placedOrError(
  ctx: Context,
  order: Order | undefined,
  reservations: ReservationStream,
  needs: OrderNeeds,
): Promise<BulkOrdersResponse["result"]> {
  try {
    return { case: "placed", value: await placeOrder(ctx, order, reservations.reserve, needs) };
  } catch (error) {
    if (!(error instanceof ConnectError) || error === reservations.failure) throw error;
    return { case: "error", value: error.rawMessage };
  }
}
