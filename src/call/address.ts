/** Host and port of a server, as its URL names them. */
export interface Address {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** Undefined where the URL names none and its scheme has no default. */
  readonly port: number | undefined;
}

/**
 * The address in a request's URL: on a client the configured target, on a server what the client called it.
 * Undefined for what is no URL.
 */
export function addressOf(url: string): Address | undefined {
  const end = url.indexOf("/", url.indexOf("//") + 2);
  const origin = end < 0 ? url : url.slice(0, end);
  let address = known.get(origin);
  if (address === undefined) {
    address = parse(origin);
    if (address === undefined) return undefined;
    // A server's origins come from outside: they may not fill the memory.
    if (known.size >= maxKnown) known.clear();
    known.set(origin, address);
  }
  return address;
}

/** The address in `host:port`, as a call's `peer` has it: IPv6 in brackets, the port left out where there is none. */
export function peerAddress(peer: string): Address {
  const colon = peer.lastIndexOf(":");
  const hasPort = colon > peer.lastIndexOf("]");
  return {
    host: withoutBrackets(hasPort ? peer.slice(0, colon) : peer),
    port: hasPort ? Number(peer.slice(colon + 1)) : undefined,
  };
}

/** Parsing a URL costs as much as all the rest of a call's beginning. */
const known = new Map<string, Address>();
const maxKnown = 256;

function parse(origin: string): Address | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { hostname, port, protocol } = new URL(origin);
  if (hostname === "") return undefined;
  return {
    host: withoutBrackets(hostname),
    port: port === "" ? defaultPorts.get(protocol) : Number(port),
  };
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

const defaultPorts: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
]);
