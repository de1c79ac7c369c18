import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ContextLike, callOptions, logger } from "connect-clue";
import { callerError, failAs, isRefusal } from "./fail-as.js";
import {
  type Order,
  OrderStatus,
  type PlaceOrderResponse,
  PlaceOrderResponseSchema,
} from "./gen/orders/v1/orders_pb.js";
import type { OrderNeeds } from "./order-needs.js";
import type { StoredLine } from "./order-repository.js";
import type { Reserve } from "./reservations.js";
import { Undo } from "./undo.js";

/**
 * Places an order, as a whole or not at all: when a step fails, those before it are undone. The last of them is to take the
 * money: when nobody knows whether that was done, the order is placed.
 *
 * @param ctx - the context of the call or of the message that the order came with
 * @param reserve - how its goods are reserved
 * @throws ConnectError that says why it can't be placed
 */
export async function placeOrder(
  ctx: ContextLike,
  order: Order | undefined,
  reserve: Reserve,
  { inventory, payment, orders }: OrderNeeds,
): Promise<PlaceOrderResponse> {
  const { customer, lines: wanted, cardToken } = checkedOrder(order);
  const log = logger(ctx);
  const undo = new Undo(ctx);
  try {
    const lines: StoredLine[] = [];
    let totalCents = 0n;
    for (const line of wanted) {
      const { sku, quantity } = line;
      const { reservationId, unitPriceCents } = await reserve(ctx, line);
      undo.add("reservation", (options) => inventory.release({ reservationId }, options));
      log.info("reserved", { sku, quantity, reservation: reservationId });
      lines.push({ sku, quantity, reservationId });
      totalCents += unitPriceCents * BigInt(quantity);
    }

    const { authorizationId } = await payment
      .authorize({ amountCents: totalCents, cardToken }, callOptions(ctx, { timeoutMs: paymentTimeoutMs }))
      .catch(failAs("the payment service", "the card is refused"));
    undo.add("authorization", (options) => payment.void({ authorizationId }, options));
    log.info("authorized", { authorization: authorizationId, cents: totalCents });

    // Saved before the money is taken: nobody pays for an order that nobody knows of.
    const status = OrderStatus.PLACED;
    const orderId = await orders.save({ customer, lines, totalCents, authorizationId, status });
    undo.add("order", () => orders.advance(orderId, status, OrderStatus.CANCELED));
    await payment
      .capture({ authorizationId }, callOptions(ctx, { timeoutMs: paymentTimeoutMs }))
      .catch((error) => {
        if (isRefusal(error)) throw callerError(error, "the payment service", "the payment is refused");
        // The money may be taken: to undo the order would keep it for nothing, and an error would let the customer order and pay
        // once more. So the order stands, its goods are reserved, and whoever reads this log captures again or cancels.
        log.error(error, "the outcome of a capture is unknown", {
          order: orderId,
          authorization: authorizationId,
        });
      });
    log.info("placed", { order: orderId });
    return create(PlaceOrderResponseSchema, { orderId, totalCents, status });
  } catch (error) {
    await undo.all();
    throw error;
  }
}

/** How long the payment service may take for a step, in milliseconds. */
const paymentTimeoutMs = 2000;

function checkedOrder(order: Order | undefined): Order {
  if (order === undefined || order.lines.length === 0) throw invalid("order: expected one or more lines");
  const wrong = order.lines.find(({ quantity }) => quantity < 1);
  if (wrong !== undefined) {
    throw invalid(`order: quantity of ${wrong.sku}: expected 1 or more, got ${wrong.quantity}`);
  }
  return order;
}

function invalid(problem: string): ConnectError {
  return new ConnectError(problem, Code.InvalidArgument);
}
