import {
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  toJsonString,
} from "@bufbuild/protobuf";
import { createLogger } from "connect-clue";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { callByHand } from "../../test/support/hand-made-call.js";
import { MessageMaker, secretMarks } from "../../test/support/random-message.js";
import { madeTypes, randomSchema } from "../../test/support/random-schema.js";
import { logObserver } from "../log/observer.js";
import { payloadObserver } from "./observer.js";
import type { PayloadOptions } from "./options.js";
import { redactedJson } from "./redacted-json.js";

describe("random messages of random types", () => {
  it("are written as protobuf-es writes them where nothing is secret and nothing is cut", () => {
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const { desc, message, registry } = made(draw, false);
        const json = redactedJson(desc, message, { maxSize: 1e6, registry });
        expect(json.truncated).toBe(false);
        expect(JSON.parse(json.text)).toEqual(JSON.parse(toJsonString(desc, message, { registry })));
      }),
      { numRuns: 100 },
    );
  });

  it("are the beginning of that when they are cut", () => {
    fc.assert(
      fc.property(fc.gen(), fc.nat(300), (draw, maxSize) => {
        const { desc, message, registry } = made(draw, true);
        const whole = redactedJson(desc, message, { maxSize: 1e6, registry }).text;
        const { text, truncated } = redactedJson(desc, message, { maxSize, registry });
        if (!truncated) expect(text).toBe(whole);
        else expect([text.endsWith("…[cut]"), whole.startsWith(text.slice(0, -6))]).toEqual([true, true]);
      }),
      { numRuns: 100 },
    );
  });

  it("show no secret in any log format, however much of them is logged", () => {
    fc.assert(
      fc.property(fc.gen(), fc.integer({ min: 1, max: 3000 }), fc.boolean(), (draw, maxSize, known) => {
        const { desc, message, registry } = made(draw, true);
        const text = logged(desc, message, {
          maxSize,
          ...(known && { registry }),
        });
        expect(text).toContain("payload");
        expect(text).toContain("result");
        expect(secretMarks.filter((mark) => text.includes(mark))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

function made(draw: fc.GeneratorValue, secrets: boolean) {
  const registry = randomSchema(draw, secrets);
  const desc = registry.getMessage(draw(fc.constantFrom, ...madeTypes));
  if (desc === undefined) throw new Error("the type was not made");
  const message = new MessageMaker({ draw, registry, isSecret }).message(desc);
  return { registry, desc, message };
}

/** What all formats make of a message that is received and sent back. */
function logged(desc: DescMessage, message: Message, options: PayloadOptions): string {
  let text = "";
  const sink = { write: (lines: string) => (text += lines) };
  const outputs = (["text", "terminal", "json"] as const).map((format) => ({ sink, format }));
  const log = createLogger({ outputs, debug: true, maxSize: 100 });
  const method = { ...ChatService.method.chat, input: desc, output: desc };
  const call = callByHand({ method, observers: [logObserver(log, {}), payloadObserver(options)] });
  call.onReceived(message);
  call.onSending(call.ctx, message);
  call.succeed();
  return text;
}

/** Told from the bare options: the only one that is unknown to protobuf's own types is `level`, with its secret value. */
function isSecret({ proto: { options } }: DescField | DescExtension): boolean {
  return options !== undefined && (options.debugRedact || options.$unknown !== undefined);
}
