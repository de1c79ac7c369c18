/** Messages of several traces through services in a row, over real sockets. */
import { context as otel } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { How } from "./support/relay.js";
import {
  askTwo,
  expectedOfAsking,
  expectedOfMany,
  expectedOfTwo,
  relayMany,
  relayTwo,
} from "./support/relay-scenarios.js";

describe.each(["the kit's implicit context", "OpenTelemetry's context manager"])("with %s", (which) => {
  beforeEach(() => {
    if (which.startsWith("OpenTelemetry")) {
      otel.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    }
  });
  afterEach(() => otel.disable());

  describe.each<How>(["implicitly", "by callOptions"])("%s", (how) => {
    it("a message's trace runs through three services, though their streams live on", async () => {
      expect(await relayTwo(how)).toEqual(expectedOfTwo());
    });

    it("1,000 messages of two traces stay apart, interleaved in one stream", async () => {
      expect(await relayMany(how)).toEqual(expectedOfMany());
    });

    it("a call that is made for a message is in its trace", async () => {
      expect(await askTwo(how)).toEqual(expectedOfAsking());
    });
  });
});
