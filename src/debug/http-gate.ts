import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import {
  create,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
  type HandlerContext,
} from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import {
  type HttpAnswer,
  type HttpGet,
  type HttpRequest,
  plainAnswer,
  queryOf,
  type WholeAnswer,
} from "../call/http-handler.js";
import { nodeContextValues } from "../node/index.js";
import { Gate, type GateOptions } from "./gate.js";
import { invalid } from "./invalid.js";

/** What answers GET like an RPC of the debug service does: to the same people, and with the same line in the log. */
export interface GatedGet<I extends DescMessage> {
  /** The RPC that it corresponds to. */
  readonly method: DescMethod & { readonly input: I };
  /** What that RPC would be asked. It takes any query: `answer` refuses what is no good, once it is known who asks. */
  readonly request?: (query: URLSearchParams) => MessageInitShape<I>;
  /** Answers. ConnectErrors become answers with the status that Connect gives them. */
  readonly answer: (asked: Asked<I>) => HttpAnswer | Promise<HttpAnswer>;
}

/** A request that has passed the gate. */
export interface Asked<I extends DescMessage> {
  readonly request: MessageShape<I>;
  readonly query: URLSearchParams;
  /** HEAD asks what GET would answer, and nothing may come of it. */
  readonly isHead: boolean;
  /** Aborts when the client goes before it has the whole answer. */
  readonly client: AbortSignal;
}

/** The gate of the debug service for plain HTTP. */
export class HttpGate {
  private readonly gate: Gate;
  private readonly deniedHead: Pick<WholeAnswer, "status" | "headers">;

  /**
   * @param where - names the handler in errors
   * @param errorHeaders - headers of all answers that are errors
   * @throws TypeError for a bad option: it names the option, what it got and what it accepts
   */
  constructor(
    options: GateOptions,
    where: string,
    private readonly errorHeaders: Readonly<Record<string, string>> = {},
  ) {
    this.gate = new Gate(options, where);
    this.deniedHead = options.authorize === undefined ? closed : passwordNeeded;
  }

  /** Puts the gate in front of an answer. */
  get<I extends DescMessage>(get: GatedGet<I>): HttpGet {
    return async (http, client) => {
      if (isCrossSite(http))
        return this.error(403, "another site's page asks for this: open it by its address");
      try {
        const query = queryOf(http);
        const request = create(get.method.input, get.request?.(query));
        await this.gate.admit(handlerContext(get.method, http, client), request, pageOf(http));
        return await get.answer({ request, query, client, isHead: http.method === "HEAD" });
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        return this.refusal(error);
      }
    };
  }

  private refusal({ code, rawMessage }: ConnectError): HttpAnswer {
    if (code !== Code.PermissionDenied) return this.error(codeToHttpStatus(code), rawMessage);
    return this.error(this.deniedHead.status, rawMessage, this.deniedHead.headers);
  }

  private error(status: number, text: string, headers: WholeAnswer["headers"] = {}): HttpAnswer {
    return plainAnswer(status, text, { ...this.errorHeaders, ...headers });
  }
}

const closed = { status: 403, headers: {} };
/** Only then browsers ask for a password. */
const passwordNeeded = {
  status: 401,
  headers: { "www-authenticate": 'Basic realm="debug", charset="UTF-8"' },
};

/** An error for a part of the query that is no good. */
export function badQuery(name: string, accepts: string, got: string | null): ConnectError {
  return invalid(`${name}: expected ${accepts}, got ${JSON.stringify(got)}`);
}

/**
 * Browsers send the password that they know with what any page asks for, and let any page reach this machine's ports; but
 * they say whose page it is. To plain HTTP they do so by Origin and Referer alone.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
function isCrossSite(http: HttpRequest): boolean {
  const headers = headersOf(http);
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const page = headers.get("origin") ?? headers.get("referer");
  return page !== null && !isPageOf(page, headers.get("host") ?? "");
}

/** Whether a page's address, or its origin, is of a host: `example.com:8080`. An origin may be `null`. */
function isPageOf(page: string, host: string): boolean {
  try {
    const url = new URL(page);
    return url.host === new URL(`${url.protocol}//${host}`).host;
  } catch {
    return false;
  }
}

/** What was asked for, as the log names it: without the query, that may be anything. */
function pageOf({ method = "GET", url = "" }: HttpRequest): string {
  return `${method} ${url.split("?", 1)[0]}`;
}

function handlerContext(method: DescMethod, http: HttpRequest, client: AbortSignal): HandlerContext {
  const requestHeader = headersOf(http);
  return createHandlerContext({
    service: method.parent,
    method,
    protocolName: "http",
    requestMethod: http.method ?? "GET",
    url: `http://${requestHeader.get("host") ?? "localhost"}${http.url}`,
    requestSignal: client,
    requestHeader,
    contextValues: isOfNode(http) ? nodeContextValues(http) : createContextValues(),
  });
}

function headersOf({ headers = {} }: HttpRequest): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has what is no header among them: `:path` and the like.
    if (value === undefined || (name.startsWith(":") && name !== ":authority")) continue;
    result.set(name === ":authority" ? "host" : name, typeof value === "string" ? value : value.join(", "));
  }
  return result;
}

function isOfNode(request: HttpRequest): request is HttpRequest & (IncomingMessage | Http2ServerRequest) {
  return "stream" in request || "socket" in request;
}
