import { diag } from "@opentelemetry/api";
import { onAbort } from "./signal.js";

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
  /** False asks to wait for `drain`. */
  write(chunk: string | Uint8Array): boolean;
  end(): unknown;
  end(body: string | Uint8Array): unknown;
  /** Breaks the response off, such that the client sees that it is not whole. */
  destroy(error?: Error): unknown;
  /** `close` comes once: after the response has been sent, or when the client has gone before that. */
  on(event: "close" | "drain", listener: () => void): unknown;
  off(event: "close" | "drain", listener: () => void): unknown;
  /** HTTP/1.1. */
  readonly destroyed?: boolean;
  /** HTTP/2. */
  readonly stream?: { readonly destroyed: boolean };
}

/** An answer to GET. HEAD has the same without the body. */
export type HttpAnswer = WholeAnswer | StreamedAnswer;

/** The head of an answer. */
interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer that is there as a whole. */
export interface WholeAnswer extends AnswerHead {
  readonly body: string | Uint8Array;
}

/** An answer that comes in pieces. */
export interface StreamedAnswer extends AnswerHead {
  /**
   * Pieces are asked for as the client takes them, and no more when it has gone; for HEAD they are not asked for. What
   * they throw is reported, and breaks the answer off.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Answers one GET request. What it throws is reported, and answered with 500: who asks is a stranger.
 *
 * @param client - aborts when the client goes before it has the whole answer
 */
export type HttpGet = (request: HttpRequest, client: AbortSignal) => HttpAnswer | Promise<HttpAnswer>;

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

/** What the query of a request's URL says. */
export function queryOf({ url = "" }: HttpRequest): URLSearchParams {
  return new URLSearchParams(url.split("?")[1]);
}

/** An answer that is one line of text, and that nobody may keep: of the next request it may not be true. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): WholeAnswer {
  const always = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return { status, headers: { ...always, ...headers }, body: `${text}\n` };
}

async function answer(get: HttpGet, request: HttpRequest, response: HttpResponse): Promise<void> {
  if (isGone(response)) return;
  const client = new AbortController();
  const leave = () => client.abort();
  response.on("close", leave);
  try {
    const answer = await answerOf(get, request, client.signal);
    const headOnly = request.method === "HEAD";
    if (isWhole(answer)) write(response, answer, headOnly);
    else {
      writeHead(response, answer);
      if (headOnly) response.end();
      else await stream(answer, request, response, client.signal);
    }
  } catch {
    // The client has gone, and its response takes nothing any more.
  } finally {
    response.off("close", leave);
  }
}

async function answerOf(get: HttpGet, request: HttpRequest, client: AbortSignal): Promise<HttpAnswer> {
  try {
    return await get(request, client);
  } catch (error) {
    if (!client.aborted) report(request, error);
    return plainAnswer(500, "internal error");
  }
}

/** Sends the pieces of a body as fast as the client takes them, and leaves them when it has gone. */
async function stream(
  { body }: StreamedAnswer,
  request: HttpRequest,
  response: HttpResponse,
  client: AbortSignal,
): Promise<void> {
  try {
    for await (const piece of body) {
      if (!client.aborted && !response.write(piece)) await drained(response, client);
      if (client.aborted) return;
    }
    response.end();
  } catch (error) {
    if (!client.aborted) report(request, error);
    response.destroy(new Error("the answer broke off", { cause: error }));
  }
}

function drained(response: HttpResponse, client: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      client.removeEventListener("abort", done);
      resolve();
    };
    response.on("drain", done);
    onAbort(client, done);
  });
}

function write(response: HttpResponse, answer: WholeAnswer, headOnly = false): void {
  const body = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
  writeHead(response, answer);
  response.setHeader("content-length", String(body.length));
  if (headOnly) response.end();
  else response.end(body);
}

function writeHead(response: HttpResponse, { status, headers }: AnswerHead): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function isWhole(answer: HttpAnswer): answer is WholeAnswer {
  return typeof answer.body === "string" || answer.body instanceof Uint8Array;
}

function report({ url }: HttpRequest, error: unknown): void {
  diag.error(`connect-clue: ${url} could not be answered`, error);
}

/** Whether the client had gone before anybody listened; only HTTP/1.1's response says so itself. */
function isGone({ destroyed, stream }: HttpResponse): boolean {
  return destroyed === true || stream?.destroyed === true;
}
