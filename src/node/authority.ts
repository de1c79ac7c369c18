import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { isIPv6 } from "node:net";
import { localAddressOf } from "./connection.js";

/**
 * Sees to it that a request has an authority that a URL can be made of: Connect's adapter throws without. One that is
 * missing, as HTTP/1.0 allows, becomes the server's own address; the brackets are put round an IPv6 address that Node's
 * HTTP/2 client has sent without.
 *
 * @returns false when the authority is no good
 */
export function repairAuthority(request: IncomingMessage | Http2ServerRequest): boolean {
  const { headers } = request;
  const sent = headers[":authority"] ?? headers.host;
  if (sent === lastGood && sent !== undefined) return true;
  const authority = sent ? withBrackets(String(sent)) : localAddressOf(request);
  if (authority === undefined || !isGood(authority)) return false;
  if (authority === sent) lastGood = authority;
  else headers["stream" in request ? ":authority" : "host"] = authority;
  return true;
}

/** Most servers have one name. */
let lastGood: string | undefined;

function isGood(authority: string): boolean {
  return !/[\s/?#@\\]/.test(authority) && URL.canParse(`http://${authority}`);
}

function withBrackets(authority: string): string {
  const [, host = "", port = ""] = /^([\da-f:.]*:[\da-f:.]*):(\d+)$/i.exec(authority) ?? [];
  if (isIPv6(host)) return `[${host}]:${port}`;
  return isIPv6(authority) ? `[${authority}]` : authority;
}
