import { once } from "node:events";
import type { Server as Http1Server } from "node:http";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { diag } from "@opentelemetry/api";
import { InFlight } from "../call/in-flight.js";
import { wait } from "../call/wait.js";
import { closeOnceAnswered, isAnswered } from "./answered.js";
import { bracketed, markPrivate } from "./connection.js";
import { Exchange, type RequestInFlight } from "./exchange.js";
import { closeGracefully, roundTripMs } from "./goaway.js";
import { sayUnavailable } from "./last-word.js";
import type { ResolvedListener } from "./node-server-options.js";
import { Pipeline } from "./pipeline.js";
import { type Protocol, readPreface } from "./preface.js";
import { createAcceptor, createHttp1, createHttp2 } from "./protocol-servers.js";
import { respond } from "./respond.js";
import { closeWhenIdle } from "./session-idle.js";

/**
 * One port. The acceptor takes the connections and finds out what they speak; a server of that protocol, which itself
 * never listens, goes on with them.
 */
export class Listener {
  readonly url: string;
  readonly port: number;
  private readonly http1: Http1Server;
  private readonly http2: Http2Server;
  /** All connections as they were accepted, below TLS. */
  private readonly accepted = new Set<Socket>();
  private readonly http1Sockets = new Map<Socket, Pipeline>();
  private readonly http2Sessions = new Set<ServerHttp2Session>();
  private readonly exchanges = new InFlight<Exchange>();
  private readonly closed: Promise<unknown>;
  private phase: "open" | "closing" | "closing what is idle" = "open";
  private willCloseIdle = false;
  private lingering: NodeJS.Timeout | undefined;
  private cutOff: readonly RequestInFlight[] | undefined;

  /** Listens. */
  static async open(options: ResolvedListener): Promise<Listener> {
    const acceptor = createAcceptor(options);
    acceptor.listen(options.port, options.host);
    await once(acceptor, "listening");
    return new Listener(acceptor, options);
  }

  private constructor(
    private readonly acceptor: Server,
    private readonly options: ResolvedListener,
  ) {
    this.port = (acceptor.address() as AddressInfo).port;
    this.url = `${options.tls ? "https" : "http"}://${openable(options.host)}:${this.port}`;
    this.http1 = createHttp1(options.limits);
    this.http2 = createHttp2(options.limits);
    this.http1.on("request", (request, response) => {
      this.respond(new Exchange(request, response), this.http1Sockets.get(request.socket));
    });
    this.http2.on("request", (request, response) => this.respond(new Exchange(request, response)));
    this.closed = this.accept();
  }

  /** The requests in flight, oldest first. */
  *requests(): IterableIterator<RequestInFlight> {
    for (const exchange of this.exchanges) {
      if (!isAnswered(exchange.request)) yield exchange.describe();
    }
  }

  /** Stops listening and lets the requests in flight end. Resolves when all connections are closed. */
  async close(): Promise<void> {
    if (this.phase === "open") {
      this.phase = "closing";
      this.acceptor.close();
      for (const session of this.http2Sessions) closeGracefully(session);
      for (const pipeline of this.http1Sockets.values()) pipeline.close();
      for (const { request } of this.exchanges) closeOnceAnswered(request, lingerMs);
      const timer = setTimeout(() => {
        this.phase = "closing what is idle";
        this.closeIdle();
      }, roundTripMs);
      this.acceptor.once("close", () => {
        clearTimeout(timer);
        clearTimeout(this.lingering);
      });
    }
    await this.closed;
  }

  /** Ends all connections. Gives the requests that were cut off. */
  destroy(): readonly RequestInFlight[] {
    if (this.cutOff === undefined) {
      this.cutOff = [...this.requests()];
      void this.close();
      if (this.cutOff.length > 0) void this.sayLastWords();
      else destroyAll(this.accepted);
    }
    return this.cutOff;
  }

  /** Handlers that have heard of the end can still say their own last words before they are put in their mouths. */
  private async sayLastWords(): Promise<void> {
    await wait(lastWordsMs);
    for (const exchange of this.exchanges) sayUnavailable(exchange);
    await wait(lastWordsMs);
    destroyAll(this.accepted);
  }

  private async accept(): Promise<void> {
    const { acceptor, options } = this;
    const { headersTimeoutMs, maxConnections } = options.limits;
    acceptor.on("connection", (socket: Socket) => {
      keep(this.accepted, socket);
      // The protocols have listeners of their own. Before and after them, a reset must not end the process.
      socket.on("error", ignore);
      if (!options.tls) readPreface(socket, headersTimeoutMs, (protocol) => this.speak(protocol, socket));
    });
    acceptor.on("secureConnection", (socket: TLSSocket) => {
      socket.on("error", ignore);
      this.speak(socket.alpnProtocol === "h2" ? "HTTP/2" : "HTTP/1", socket);
    });
    // Node leaves a connection open whose handshake failed or takes too long.
    acceptor.on("tlsClientError", (_error: Error, socket: TLSSocket) => socket.destroy());
    acceptor.on("error", (error) => diag.error("connect-clue: a connection could not be accepted", error));
    acceptor.once("drop", () => {
      diag.warn(`connect-clue: more than ${maxConnections} connections; this is reported once`);
    });
    await new Promise((resolve) => acceptor.once("close", resolve));
    // Ends what it began on "listening".
    this.http1.close();
  }

  private speak(protocol: Protocol, socket: Socket): void {
    if (protocol === "HTTP/2") {
      this.http2.once("session", (session) => this.keepSession(session, socket));
      this.http2.emit("connection", socket);
    } else {
      this.keepHttp1(socket);
      this.http1.emit("connection", socket);
    }
  }

  private keepSession(session: ServerHttp2Session, socket: Socket): void {
    if (this.options.isPrivate) markPrivate(session);
    keep(this.http2Sessions, session, () => this.closeIdleSoon());
    closeWhenIdle(session, socket, this.options.limits.idleTimeoutMs);
    if (this.phase !== "open") closeGracefully(session);
  }

  private keepHttp1(socket: Socket): void {
    const pipeline = new Pipeline();
    if (this.options.isPrivate) markPrivate(socket);
    this.http1Sockets.set(socket, pipeline);
    socket.once("close", () => {
      this.http1Sockets.delete(socket);
      pipeline.end();
      this.closeIdleSoon();
    });
    if (this.phase !== "open") pipeline.close();
  }

  private respond(exchange: Exchange, pipeline?: Pipeline): void {
    if (pipeline?.add(exchange) === false) return;
    this.exchanges.add(exchange);
    exchange.onceEnded(() => {
      this.exchanges.delete(exchange);
      pipeline?.delete(exchange);
      this.closeIdleSoon();
    });
    // The client is to keep neither connection nor stream when it has its answer.
    if (this.phase !== "open") closeOnceAnswered(exchange.request, lingerMs);
    respond(exchange, this.options.handler);
  }

  private closeIdleSoon(): void {
    if (this.phase !== "closing what is idle" || this.willCloseIdle) return;
    this.willCloseIdle = true;
    setImmediate(() => {
      this.willCloseIdle = false;
      this.closeIdle();
    });
  }

  private closeIdle(): void {
    for (const [socket, { isEmpty }] of this.http1Sockets) if (isEmpty) socket.destroySoon();
    if (this.exchanges.size > 0) return;
    // Those that are left have not even shown what they speak.
    if (this.http1Sockets.size + this.http2Sessions.size === 0) destroyAll(this.accepted);
    else this.lingering ??= setTimeout(() => this.stopLingering(), lingerMs);
  }

  /** A client that does not read to the end of a stream does not close its connection either, though it was asked to. */
  private stopLingering(): void {
    this.lingering = undefined;
    if (this.exchanges.size === 0) destroyAll(this.accepted);
  }
}

/** How long a client that has its answers may keep a stream or the connection open, in milliseconds. */
const lingerMs = 500;

/** How long the last words to the clients of cut-off requests may take to be found, and then to be written, in milliseconds. */
const lastWordsMs = 50;

function keep<T extends Socket | ServerHttp2Session>(set: Set<T>, connection: T, onClose?: () => void): void {
  set.add(connection);
  connection.once("close", () => {
    set.delete(connection);
    onClose?.();
  });
}

function destroyAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

/** A host that a client can open: what listens on all interfaces is found at `localhost`. */
function openable(host: string | undefined): string {
  return host === undefined || host === "0.0.0.0" || host === "::" ? "localhost" : bracketed(host);
}

function ignore(): void {}
