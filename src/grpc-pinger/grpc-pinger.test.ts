import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatusMap } from "grpc-health-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { testCertificate, testKey } from "../../test/support/tls.js";
import { type GrpcPingerOptions, grpcPinger } from "./index.js";

const { signal } = new AbortController();

const plain = ServerCredentials.createInsecure();
const tls = ServerCredentials.createSsl(null, [
  { private_key: Buffer.from(testKey), cert_chain: Buffer.from(testCertificate) },
]);

/** grpc-js and its own health service. */
async function serve(statuses: ServingStatusMap, credentials = plain, port = 0) {
  const server = new Server();
  const health = new HealthImplementation(statuses);
  health.addToServer(server);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { server, health, port: bound };
}

describe("grpcPinger", () => {
  it("asks for the server as a whole, or for one service", async () => {
    const { health, port } = await serve({ "": "SERVING", "rooms.v1.RoomService": "NOT_SERVING" });
    const whole = grpcPinger("rooms", `127.0.0.1:${port}`);
    const service = grpcPinger("rooms", `127.0.0.1:${port}`, { service: "rooms.v1.RoomService" });
    await expect(whole.ping(signal)).resolves.toBeUndefined();
    await expect(service.ping(signal)).rejects.toThrow(new Error("rooms.v1.RoomService is NOT_SERVING"));
    health.setStatus("", "UNKNOWN");
    health.setStatus("rooms.v1.RoomService", "SERVING");
    await expect(whole.ping(signal)).rejects.toThrow(new Error("the server is UNKNOWN"));
    await expect(service.ping(signal)).resolves.toBeUndefined();
  });

  it("fails for a service that the server does not know", async () => {
    const { port } = await serve({ "": "SERVING" });
    const pinger = grpcPinger("rooms", `127.0.0.1:${port}`, { service: "rooms.v1.RoomService" });
    await expect(pinger.ping(signal)).rejects.toThrow("[not_found]");
  });

  it("speaks TLS, and trusts whom it is told to", async () => {
    const { port } = await serve({ "": "SERVING" }, tls);
    const ping = (options: GrpcPingerOptions) =>
      grpcPinger("rooms", `127.0.0.1:${port}`, options).ping(signal);
    await expect(ping({ tls: { ca: testCertificate } })).resolves.toBeUndefined();
    await expect(ping({ tls: { rejectUnauthorized: false } })).resolves.toBeUndefined();
    await expect(ping({ tls: true })).rejects.toThrow("self-signed certificate");
    await expect(ping({ tls: false })).rejects.toThrow();
  });

  it("keeps one connection, and makes a new one when the server is back", async () => {
    const { server, port } = await serve({ "": "SERVING" });
    const pinger = grpcPinger("rooms", `127.0.0.1:${port}`);
    await pinger.ping(signal);
    server.forceShutdown();
    await expect(pinger.ping(signal)).rejects.toThrow();
    await serve({ "": "SERVING" }, plain, port);
    await expect(pinger.ping(signal)).resolves.toBeUndefined();
  });

  it("gives a connection up that does not answer", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket.resume())).listen(0, "127.0.0.1");
    onTestFinished(() => void silent.close());
    await once(silent, "listening");
    const pinger = grpcPinger("rooms", `127.0.0.1:${(silent.address() as AddressInfo).port}`, {
      timeoutMs: 50,
    });
    for (const _ of [1, 2]) {
      await expect(pinger.ping(signal)).rejects.toThrow(new Error("no answer within 50 ms"));
    }
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
    expect(sockets.length).toBe(2);
  });

  it("fails where nobody listens", async () => {
    await expect(grpcPinger("rooms", "127.0.0.1:1").ping(signal)).rejects.toThrow("ECONNREFUSED");
  });

  it.each(
    Object.entries<[options: unknown, message: string]>({
      unknown: [
        { secure: true },
        'grpcPinger: there is no option "secure"; there are service, tls, headers, timeoutMs, services, critical',
      ],
      service: [{ service: 7 }, "grpcPinger: service: expected the full name of a service, got 7"],
      tls: [{ tls: "yes" }, 'grpcPinger: tls: expected true, false or options of tls.connect, got "yes"'],
      headers: [
        { headers: { "a b": "c" } },
        "grpcPinger: headers: expected an object of headers and their values, got an object",
      ],
      "headers in an array": [
        { headers: [] },
        "grpcPinger: headers: expected an object of headers and their values, got an array",
      ],
      "tls that is an array": [
        { tls: [] },
        "grpcPinger: tls: expected true, false or options of tls.connect, got an array",
      ],
      services: [
        { services: "a.A" },
        'grpcPinger: services: expected an array of full names of services, got "a.A"',
      ],
    }),
  )("refuses a bad option: %s", (_, [options, message]) => {
    expect(() => grpcPinger("rooms", "localhost:80", options as GrpcPingerOptions)).toThrow(
      new TypeError(message),
    );
  });
});
