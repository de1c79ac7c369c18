import type { Client } from "@connectrpc/connect";
import type { InventoryService } from "./gen/inventory/v1/inventory_pb.js";
import type { PaymentService } from "./gen/payment/v1/payment_pb.js";
import type { OrderRepository } from "./order-repository.js";

/** What the order service needs to do its work. */
export interface OrderNeeds {
  readonly inventory: Client<typeof InventoryService>;
  readonly payment: Client<typeof PaymentService>;
  readonly orders: OrderRepository;
}
