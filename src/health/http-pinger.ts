import { check, checkChoice, checkFunction } from "../call/check.js";
import { parseAddress } from "./address.js";
import { checkHeaders, checkPinger, makePinger, type PingerOptions } from "./pinger.js";
import type { Dependency } from "./types.js";

/** Options of {@link httpPinger}. */
export interface HttpPingerOptions extends PingerOptions {
  /** Default `http`. */
  readonly scheme?: "http" | "https";
  /** Default `/livez`. */
  readonly path?: string;
  /** Headers to send. Default: none of its own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the request. Default: the global `fetch` as it is then. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A dependency that answers a GET request with a status of 2xx when it is well. Redirects are not followed.
 *
 * @param name - names it in answers, log lines and spans
 * @param address - `host:port`, with an IPv6 address in brackets
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * createChecker({ dependencies: [httpPinger("search", "search:8080", { path: "/readyz" })] });
 */
export function httpPinger(name: string, address: string, options: HttpPingerOptions = {}): Dependency {
  checkOptions(name, options);
  parseAddress("httpPinger: address", address);
  const { scheme = "http", path = "/livez", headers = {} } = options;
  const url = `${scheme}://${address}${path}`;
  return makePinger(name, options, async (signal) => {
    const response = await (options.fetch ?? fetch)(url, { headers, redirect: "manual", signal });
    // Nobody reads the body: left alone, it would keep its connection.
    response.body?.cancel().catch(() => {});
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  });
}

function checkOptions(name: string, options: HttpPingerOptions): void {
  checkPinger("httpPinger", name, options, ["scheme", "path", "headers", "fetch"]);
  checkChoice("httpPinger: scheme", options.scheme, ["http", "https"]);
  check("httpPinger: path", options.path, 'a path that begins with "/"', isPath);
  checkHeaders("httpPinger: headers", options.headers);
  checkFunction("httpPinger: fetch", options.fetch);
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && /^\/[^\s#]*$/.test(path);
}
