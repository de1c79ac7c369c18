import { unexpected } from "../call/options.js";

/** Where a dependency listens. */
export interface SocketAddress {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `host:port`; an IPv6 address stands in brackets.
 *
 * @param argument - names it in the error
 * @throws TypeError for anything else
 */
export function parseAddress(argument: string, address: string): SocketAddress {
  const match =
    typeof address === "string"
      ? /^(?:\[([\da-f:.]+)\]|([^\s[\]:/?#@\\%]+)):(\d{1,5})$/i.exec(address)
      : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535) || !URL.canParse(`http://${address}`)) {
    throw unexpected(argument, '"host:port", with an IPv6 address in brackets', address);
  }
  return { host, port };
}
