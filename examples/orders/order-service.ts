import type { ServiceImpl } from "@connectrpc/connect";
import { bulkOrders } from "./bulk-orders.js";
import type { OrderService } from "./gen/orders/v1/orders_pb.js";
import type { OrderNeeds } from "./order-needs.js";
import { placeOrder } from "./place-order.js";
import { reserveByCalls } from "./reservations.js";
import { trackOrder } from "./track-order.js";

/** The service that takes orders, on top of what it needs. */
export function orderService(needs: OrderNeeds): ServiceImpl<typeof OrderService> {
  return {
    placeOrder: ({ order }, context) => placeOrder(context, order, reserveByCalls(needs.inventory), needs),
    trackOrder: (request, context) => trackOrder(request, context, needs),
    bulkOrders: (requests, context) => bulkOrders(requests, context, needs),
  };
}
