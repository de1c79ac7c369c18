import { diag } from "@opentelemetry/api";

/**
 * Serves some paths of a plain HTTP server, and leaves the others to the next handler.
 *
 * It answers GET and HEAD at its paths. Other paths go to `next`, or without one get a 404.
 *
 * @param request - of `node:http` or `node:http2`
 * @param response - its response
 * @param next - the handler behind this one
 */
export type HttpHandler = (request: HttpRequest, response: HttpResponse, next?: () => void) => void;

/** What is read of a request. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What is done with a response. */
export interface HttpResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(): unknown;
  end(body: string): unknown;
}

/** An answer to GET. HEAD has the same without the body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers one GET request. What it throws is reported, and answered with 500: who asks is a stranger. */
export type HttpGet = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/**
 * Makes a handler of what answers GET at each path.
 *
 * @param gets - by path, without the query
 */
export function handleGets(gets: ReadonlyMap<string, HttpGet>): HttpHandler {
  return (request, response, next) => {
    const get = gets.get(request.url?.split("?", 1)[0] ?? "");
    if (get === undefined) {
      if (next === undefined) write(response, plainAnswer(404, "not found"));
      else next();
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      write(response, plainAnswer(405, "GET or HEAD", { allow: "GET, HEAD" }));
    } else void answer(get, request, response);
  };
}

/** An answer that is one line of text, and that nobody may keep: of the next request it may not be true. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const always = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return { status, headers: { ...always, ...headers }, body: `${text}\n` };
}

async function answer(get: HttpGet, request: HttpRequest, response: HttpResponse): Promise<void> {
  try {
    write(response, await answerOf(get, request), request.method === "HEAD");
  } catch {
    // The client has gone, and its response takes nothing any more.
  }
}

async function answerOf(get: HttpGet, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await get(request);
  } catch (error) {
    diag.error(`connect-clue: ${request.url} could not be answered`, error);
    return plainAnswer(500, "internal error");
  }
}

function write(response: HttpResponse, { status, headers, body }: HttpAnswer, headOnly = false): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("content-length", String(new TextEncoder().encode(body).length));
  if (headOnly) response.end();
  else response.end(body);
}
