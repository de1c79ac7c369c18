import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { ChatRequestSchema, type ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { type Gate, gate } from "./gate.js";

/** A `Chat` stream that a test says one message after the other on, and reads the answer of each. */
export class Conversation {
  private readonly answers: AsyncIterator<unknown>;
  private waiting: Gate<string | undefined> = gate();

  constructor(client: Client<typeof ChatService>, headers: Readonly<Record<string, string>> = {}) {
    this.answers = client.chat(this.requests(), { headers })[Symbol.asyncIterator]();
  }

  async say(text: string): Promise<void> {
    const answer = this.answers.next();
    this.waiting.open(text);
    await answer;
  }

  async end(): Promise<void> {
    this.waiting.open(undefined);
    while ((await this.answers.next()).done !== true);
  }

  private async *requests() {
    for (;;) {
      const text = await this.waiting.opened;
      this.waiting = gate();
      if (text === undefined) return;
      yield create(ChatRequestSchema, { text });
    }
  }
}
