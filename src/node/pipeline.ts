import type { Exchange } from "./exchange.js";

/**
 * The requests in flight on one HTTP/1 connection. They are answered in their order, whichever is ready first: a client may
 * send several at once (pipelining: RFC 9112, section 9.3.2).
 */
export class Pipeline {
  private readonly exchanges: Exchange[] = [];
  private isClosing = false;
  /** The exchange whose response is to tell the client that the connection closes. */
  private last: Exchange | undefined;

  get isEmpty(): boolean {
    return this.exchanges.length === 0;
  }

  /**
   * Adds a request that has just come.
   *
   * @returns false when an earlier response has closed the connection: the client knows that this request is not served
   */
  add(exchange: Exchange): boolean {
    if (this.isClosing && !this.moveClose(exchange)) return false;
    this.exchanges.push(exchange);
    return true;
  }

  delete(exchange: Exchange): void {
    this.exchanges.splice(this.exchanges.indexOf(exchange), 1);
  }

  /** Closes the connection with the last of its responses, and no earlier (section 9.6). */
  close(): void {
    this.isClosing = true;
    const newest = this.exchanges.at(-1);
    if (newest !== undefined) this.moveClose(newest);
  }

  /** The connection is gone. Node 20 does not tell responses that wait for their turn. */
  end(): void {
    for (const exchange of [...this.exchanges]) exchange.end();
  }

  private moveClose(exchange: Exchange): boolean {
    if (this.last?.keepConnection() === false) return false;
    exchange.closeConnection();
    this.last = exchange;
    return true;
  }
}
