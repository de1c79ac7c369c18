import { once } from "node:events";
import { connect } from "node:net";
import { parseAddress } from "./address.js";
import { checkPinger, makePinger, type PingerOptions } from "./pinger.js";
import type { Dependency } from "./types.js";

/**
 * A dependency that is well when it takes a TCP connection, which is closed at once.
 *
 * @param name - names it in answers, log lines and spans
 * @param address - `host:port`, with an IPv6 address in brackets
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * createChecker({ dependencies: [tcpPinger("redis", "redis:6379", { critical: false })] });
 */
export function tcpPinger(name: string, address: string, options: PingerOptions = {}): Dependency {
  checkPinger("tcpPinger", name, options);
  const { host, port } = parseAddress("tcpPinger: address", address);
  return makePinger(name, options, async (signal) => {
    const socket = connect({ host, port });
    // Its error is told by `once`; one that comes later is nobody's.
    socket.on("error", () => {});
    try {
      await once(socket, "connect", { signal });
    } finally {
      socket.destroy();
    }
  });
}
