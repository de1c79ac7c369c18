import type { Client } from "@connectrpc/connect";
import type { TraceOptions } from "connect-clue";
import { callOptions } from "connect-clue";
import type { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { startChat } from "./chat-server.js";

/** What a caller may say of its context, in the words of W3C. */
export const callerHeaders = {
  traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  tracestate: "vendor=1",
  baggage: "tenant=acme",
};

/**
 * A service whose `Say` and `Countdown` call a second one.
 *
 * @param options - how the first service and its client of the second one are traced
 * @param how - whether the second call's context is passed on by hand
 * @returns a client without the kit, and what the second service was sent of the caller's context, call by call
 */
export async function twoServices(
  options: TraceOptions,
  how: "implicitly" | "by callOptions" = "implicitly",
): Promise<{ client: Client<typeof ChatService>; sent: Record<string, string | null>[] }> {
  const sent: Record<string, string | null>[] = [];
  const second = await startChat(
    {
      say(_, { requestHeader }) {
        const told = Object.keys(callerHeaders).map((name) => [name, requestHeader.get(name)]);
        sent.push(Object.fromEntries(told));
        return {};
      },
    },
    { serverOptions: { trace: false }, clientOptions: { trace: options } },
  );
  const first = await startChat(
    {
      say: (_, context) => second.client.say({}, how === "implicitly" ? {} : callOptions(context)),
      async *countdown(_, context) {
        await second.client.say({}, how === "implicitly" ? {} : callOptions(context));
        yield {};
      },
    },
    { serverOptions: { trace: options }, clientOptions: { trace: false } },
  );
  return { client: first.client, sent };
}
