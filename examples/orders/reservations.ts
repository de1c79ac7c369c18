import { type Client, Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Context } from "@opentelemetry/api";
import { type ContextLike, callOptions, receive, send } from "connect-clue";
import { callerError, failAs } from "./fail-as.js";
import {
  type InventoryService,
  type ReserveAllRequest,
  ReserveAllRequestSchema,
  type ReserveAllResponse,
} from "./gen/inventory/v1/inventory_pb.js";
import type { OrderLine } from "./gen/orders/v1/orders_pb.js";
import { Outbox } from "./outbox.js";

/** Goods that the inventory keeps for an order. */
export interface Reservation {
  readonly reservationId: string;
  readonly unitPriceCents: bigint;
}

/**
 * Reserves the goods of a line.
 *
 * @param ctx - the context of the call or of the message that the order came with
 * @throws ConnectError `failed_precondition` when they are not in stock, `unavailable` when the inventory does not answer
 */
export type Reserve = (ctx: ContextLike, line: OrderLine) => Promise<Reservation>;

/** Reserves with a call for each line. */
export function reserveByCalls(inventory: Client<typeof InventoryService>): Reserve {
  return (ctx, { sku, quantity }) =>
    inventory.reserve({ sku, quantity }, callOptions(ctx)).catch(failAs("the inventory", notInStock(sku)));
}

/**
 * Reserves for many orders with one stream: each line goes out in the context of its order. The first one opens the stream:
 * one that is open and that nobody reads has nobody to hear of its failure.
 */
export class ReservationStream {
  /** What has ended the stream. */
  failure: ConnectError | undefined;
  private readonly requests = new Outbox<ReserveAllRequest>();
  private answers: AsyncIterator<[ctx: Context, answer: ReserveAllResponse]> | undefined;

  /** @param context - the call that the stream is for, and ends with */
  constructor(
    private readonly inventory: Client<typeof InventoryService>,
    private readonly context: HandlerContext,
  ) {}

  readonly reserve: Reserve = async (ctx, { sku, quantity }) => {
    this.requests.push(send(ctx, ReserveAllRequestSchema, { sku, quantity }));
    this.answers ??= this.open();
    const answer = await this.nextAnswer(this.answers, sku);
    if (answer.reservationId === "") throw new ConnectError(notInStock(sku), Code.FailedPrecondition);
    return answer;
  };

  /** Says that nothing more will be reserved, and waits until the inventory has taken note. */
  async end(): Promise<void> {
    this.requests.end();
    await this.answers?.next().catch((error) => this.fail(error));
  }

  private open() {
    return receive(this.inventory.reserveAll(this.requests, callOptions(this.context)), this.context);
  }

  private async nextAnswer(
    answers: NonNullable<typeof this.answers>,
    sku: string,
  ): Promise<ReserveAllResponse> {
    try {
      const { done, value } = await answers.next();
      if (done) throw new ConnectError("the stream ended before its requests", Code.Unavailable);
      const [, answer] = value;
      if (answer.sku === sku) return answer;
      throw new ConnectError(`asked for ${sku}, the answer is for ${answer.sku}`, Code.Internal);
    } catch (error) {
      return this.fail(error);
    }
  }

  private fail(error: unknown): never {
    this.failure = callerError(error, "the inventory", "the inventory refuses");
    throw this.failure;
  }
}

function notInStock(sku: string): string {
  return `${sku} is not in stock`;
}
