/** Health under load, over real sockets. */
import { getEventListeners } from "node:events";
import { getDefaultHighWaterMark } from "node:stream";
import { createChecker, HealthCheckResponse_ServingStatus } from "connect-clue/health";
import { expect, it } from "vitest";
import { liveCalls } from "../src/call/call.js";
import { gate } from "./support/gate.js";
import { type HealthClient, startHealth } from "./support/health-server.js";
import { expectNothingInFlight } from "./support/nothing-in-flight.js";
import { until } from "./support/until.js";

const timeout = 60_000;

const { SERVING, NOT_SERVING, UNKNOWN } = HealthCheckResponse_ServingStatus;

it("a thousand simultaneous probes of a slow dependency make one ping", { timeout }, async () => {
  const answered = gate();
  let pings = 0;
  const ping = () => {
    pings++;
    return answered.opened;
  };
  const server = await startHealth(createChecker({ dependencies: [{ name: "slow", ping }] }));
  const clients = Array.from({ length: 10 }, () => server.client());
  const names = ["", "readiness", "chat.v1.ChatService"];
  const probes = Array.from({ length: 1000 }, (_, n) => {
    const client = clients[n % clients.length] as HealthClient;
    return client.check({ service: names[n % names.length] ?? "" });
  });
  await until(() => liveCalls.size === 1000, 30_000);
  expect((await server.client().check({ service: "liveness" })).status).toBe(SERVING);
  answered.open();
  const statuses = (await Promise.all(probes)).map(({ status }) => status);
  expect([statuses.length, new Set(statuses)]).toEqual([1000, new Set([SERVING])]);
  expect([pings, server.log.lines()]).toEqual([1, []]);
});

it("a thousand watchers and ten thousand changes leave nothing behind", { timeout }, async () => {
  const listeners = new Map<AbortSignal, number>();
  const checker = createChecker();
  const { watch } = checker;
  checker.watch = (service, signal) => {
    listeners.set(signal, count(signal));
    return watch.call(checker, service, signal);
  };
  const server = await startHealth(checker);
  const clients = Array.from({ length: 10 }, () => server.client());
  const seen = Array.from({ length: 1000 }, (_, n) => follow(clients[n % 10] as HealthClient));
  await until(() => seen.every(({ statuses }) => statuses.length === 1), 30_000);
  expect(liveCalls.size).toBe(1000);

  // Changes in one turn of the event loop are one change to whoever watches.
  for (let burst = 1; burst <= 10; burst++) {
    for (let n = 1; n < 1000; n++) {
      checker.set("chat.v1.ChatService", n % 2 === 1 ? "NOT_SERVING" : "UNKNOWN");
    }
    checker.set("chat.v1.ChatService", burst % 2 === 1 ? "NOT_SERVING" : "SERVING");
    await until(() => seen.every(({ statuses }) => statuses.length === burst + 1), 30_000);
  }
  const expected = Array.from({ length: 11 }, (_, n) => (n % 2 === 0 ? SERVING : NOT_SERVING));
  for (const { statuses } of seen) expect(statuses).toEqual(expected);

  for (const client of clients) client.disconnect();
  await Promise.all(seen.map(({ ended }) => ended));
  await expectNothingInFlight();
  expect(listeners.size).toBe(1000);
  expect([...listeners].filter(([signal, before]) => count(signal) > before).length).toBe(0);
  expect(count(server.shutdown.signal)).toBe(0);
});

it("a client that does not read gets the newest status in place of all that it missed", async () => {
  const checker = createChecker();
  const server = await startHealth(checker);
  const answers = server
    .client("grpc", { initialWindowSize: 16 })
    .watch({ service: "" })
    [Symbol.asyncIterator]();
  const next = async () => (await answers.next()).value?.status;
  expect(await next()).toBe(SERVING);
  // What Node buffers of a stream on either side (16 kB before Node 22, 64 kB since then), in messages of seven bytes.
  const buffered = (2 * getDefaultHighWaterMark(false)) / 7;
  for (let change = 1; change <= 2 * buffered; change++) {
    checker.set("", change % 2 === 1 ? "NOT_SERVING" : "SERVING");
    await new Promise((resolve) => setImmediate(resolve));
  }
  checker.set("", "UNKNOWN");
  const missed: (number | undefined)[] = [];
  for (let status = await next(); status !== UNKNOWN; status = await next()) missed.push(status);
  expect(missed.length).toBeLessThan(1.1 * buffered);
  expect(missed.filter((status, i) => status === missed[i - 1])).toEqual([]);
});

function count(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

/** Reads a watch as fast as it can. */
function follow(client: HealthClient) {
  const statuses: number[] = [];
  const read = async () => {
    for await (const { status } of client.watch({ service: "chat.v1.ChatService" })) statuses.push(status);
  };
  return { statuses, ended: read().catch(() => {}) };
}
