import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { exitCodes, Failure, reasonOf, systemCode } from "./failure.js";

/** What a server can be spoken to with. */
export type HttpVersion = "1.1" | "2";

/**
 * Finds out which HTTP a server speaks. Over TLS it is negotiated; without, the server gets the first words of HTTP/2
 * and its answer tells.
 *
 * @param url - where the server is
 * @param tls - whom to trust
 * @param signal - ends the probe
 * @throws Failure when there is no server, or one that is spoken to in another way
 */
export async function probe(url: URL, tls: ConnectionOptions, signal: AbortSignal): Promise<HttpVersion> {
  const { hostname, port, protocol } = url;
  const host = hostname.replace(/^\[|\]$/g, "");
  const isTls = protocol === "https:";
  const place = { host, port: port === "" ? (isTls ? 443 : 80) : Number(port) };
  if (isTls) return await negotiated(url, { ...tls, ...place }, signal);
  const first = await settled(url, connectTcp(place), signal, firstBytes);
  if (first.length > 0) return isHttp2(first) ? "2" : "1.1";
  if (await speaksTls(place, signal)) throw unreachable(url, `it speaks TLS; try https://${url.host}`);
  throw unreachable(url, "it closes the connection without an answer");
}

async function negotiated(url: URL, options: ConnectionOptions, signal: AbortSignal): Promise<HttpVersion> {
  const socket = connectTls({ ...options, ...serverName(options.host), ALPNProtocols: ["h2", "http/1.1"] });
  const protocol = await settled(url, socket, signal, secured);
  return protocol === "h2" ? "2" : "1.1";
}

async function speaksTls(
  place: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<boolean> {
  // Whom it is does not matter here: nothing is sent.
  const socket = connectTls({ ...place, ...serverName(place.host), rejectUnauthorized: false });
  try {
    await settled(new URL("https://localhost"), socket, signal, secured);
    return true;
  } catch {
    return false;
  }
}

/** What a listener finds out about a socket, which is then closed. */
async function settled<S extends Socket, T>(
  url: URL,
  socket: S,
  signal: AbortSignal,
  listen: (socket: S, resolve: (found: T) => void) => void,
): Promise<T> {
  const onAbort = (): void => void socket.destroy(new Error("no answer in time; --timeout gives it more"));
  signal.addEventListener("abort", onAbort);
  try {
    return await new Promise<T>((resolve, reject) => {
      socket.once("error", reject);
      listen(socket, resolve);
      if (signal.aborted) onAbort();
    });
  } catch (error) {
    throw unreachable(url, explained(url, error));
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

function firstBytes(socket: Socket, resolve: (bytes: Buffer) => void): void {
  socket.once("connect", () => socket.write(preface));
  socket.once("data", resolve);
  socket.once("close", () => resolve(Buffer.alloc(0)));
}

function secured(socket: TLSSocket, resolve: (protocol: string) => void): void {
  socket.once("secureConnect", () => resolve(socket.alpnProtocol || "http/1.1"));
}

/** The client's preface and its empty SETTINGS frame (RFC 9113, 3.4). */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** A server of HTTP/2 begins with a SETTINGS frame, too; one of HTTP/1.1 answers in text. */
function isHttp2(first: Buffer): boolean {
  return first[3] === 4 && !first.toString("latin1").startsWith("HTTP/");
}

/** An address is no name that a certificate could be asked for. */
function serverName(host = ""): { servername?: string } {
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

function unreachable(url: URL, why: string): Failure {
  return new Failure(`can't reach ${url.origin}: ${why}`, exitCodes.unreachable);
}

function explained(url: URL, error: unknown): string {
  const code = systemCode(error);
  if (code === "ECONNREFUSED") return "nothing listens there. Is the server up? --addr says where it is";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `no such host: ${url.hostname}`;
  if (code.startsWith("ERR_SSL_")) return `it speaks no TLS that we know (${code}); try http://${url.host}`;
  if (code === "ECONNRESET" && url.protocol === "https:")
    return `it ends the TLS handshake; try http://${url.host}`;
  if (untrusted.test(code))
    return `its certificate is not trusted (${code}); --ca names the file of who signed it`;
  return reasonOf(error);
}

const untrusted = /CERT|SIGNATURE|ERR_TLS_CERT_ALTNAME_INVALID/;
