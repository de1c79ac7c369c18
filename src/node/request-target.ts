import type { IncomingMessage } from "node:http";

/**
 * Brings the target of an HTTP/1 request from the absolute form, as for proxies, into the usual one. The host is that of
 * the target then, whatever the header says (RFC 9112, section 3.2.2).
 */
export function repairTarget(request: IncomingMessage): void {
  const { url = "" } = request;
  if (url.startsWith("/")) return;
  const [, authority, target] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (authority === undefined || target === undefined) return;
  request.url = target.startsWith("/") ? target : `/${target}`;
  request.headers.host = authority;
}
