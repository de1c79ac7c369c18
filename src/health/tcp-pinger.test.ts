import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../../test/support/gate.js";
import { type PingerOptions, tcpPinger } from "./index.js";

const { signal } = new AbortController();

async function listen(onSocket: (socket: Socket) => void, host = "127.0.0.1"): Promise<Server> {
  const server = createServer(onSocket).listen(0, host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

describe("tcpPinger", () => {
  it.each(["127.0.0.1", "::1"])("connects to %s and closes", async (host) => {
    const closed = gate();
    const server = await listen((socket) => {
      socket.resume().on("close", () => closed.open());
    }, host);
    const port = portOf(server);
    const pinger = tcpPinger("redis", host === "::1" ? `[::1]:${port}` : `${host}:${port}`);
    await expect(pinger.ping(signal)).resolves.toBeUndefined();
    await closed.opened;
    expect(pinger).toEqual({ name: "redis", ping: pinger.ping });
  });

  it("fails where nobody listens", async () => {
    await expect(tcpPinger("redis", "127.0.0.1:1").ping(signal)).rejects.toThrow(
      "connect ECONNREFUSED 127.0.0.1:1",
    );
  });

  it("gives up with its signal and leaves no socket behind", async () => {
    const server = await listen((socket) => void socket.resume());
    const controller = new AbortController();
    const ping = tcpPinger("redis", `127.0.0.1:${portOf(server)}`).ping(controller.signal);
    controller.abort(new Error("gone"));
    await expect(ping).rejects.toThrow(expect.objectContaining({ cause: new Error("gone") }));
    // A server has closed when its last connection has.
    await once(server.close(), "close");
  });

  it("refuses bad options", () => {
    expect(() => tcpPinger("redis", "localhost")).toThrow(
      new TypeError(
        'tcpPinger: address: expected "host:port", with an IPv6 address in brackets, got "localhost"',
      ),
    );
    expect(() => tcpPinger("redis", "localhost:1", { timeout: 5 } as PingerOptions)).toThrow(
      new TypeError('tcpPinger: there is no option "timeout"; there are timeoutMs, services, critical'),
    );
  });
});
