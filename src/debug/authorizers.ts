import type { HandlerContext } from "@connectrpc/connect";
import { diag } from "@opentelemetry/api";
import { isSameSecret } from "#platform";
import { describe } from "../call/options.js";
import { transportKey } from "../call/transport.js";

/**
 * Says who may use the debug service: it returns who it is, as the audit line shall name it, or false. It is asked for each
 * call, with the handler's context: `context.requestHeader`, and `context.method` where not everybody may do everything. What
 * it throws, and an empty name, count as false.
 */
export type Authorize = (context: HandlerContext) => string | false | Promise<string | false>;

/**
 * Lets in who sends the token: `Authorization: Bearer …`, or, for tools that can only do that, `Basic` with any user name and the
 * token as password. It is compared in constant time.
 *
 * @param token - the token, of up to 4000 characters. White space around it, as from a file, is ignored with a warning. Undefined
 * or empty, as when a variable of the environment is not set, it lets nobody in, and warns
 * @throws TypeError when it is no text, or too long
 *
 * @example
 * debugRoutes({ authorize: bearerToken(process.env.DEBUG_TOKEN) })(router);
 */
export function bearerToken(token: string | undefined): Authorize {
  const expected = trimmed(token);
  if (expected === "") return nobody();
  return ({ requestHeader }) => {
    const { user, secret } = credentials(requestHeader.get("authorization") ?? "");
    if (!isSameSecret(secret.trim(), expected)) return false;
    return user === "" ? "bearer token" : `${user} (token)`;
  };
}

/**
 * Lets in what came by the private listener of a `createNodeServer`: whoever can reach that port, such as by `kubectl
 * port-forward`. The adapter needs `contextValues: nodeContextValues`: without it, it lets nobody in, and warns once.
 *
 * @example
 * await createNodeServer({ handler, port: 8080, private: { port: 9090 } });
 */
export function privateListener(): Authorize {
  let hasWarned = false;
  return ({ values }) => {
    const transport = values.get(transportKey);
    if (transport === undefined && !hasWarned) {
      hasWarned = true;
      diag.warn(`connect-clue: privateListener cannot know the listener of a call: ${cure}`);
    }
    return transport?.isPrivate === true && "private listener";
  };
}

/** No header has white space at its ends: a token that has some could never be sent. */
function trimmed(token: string | undefined = ""): string {
  if (typeof token !== "string") {
    throw new TypeError(`bearerToken: expected a text, got ${describe(token)}`);
  }
  const result = token.trim();
  if (result.length > maxTokenLength) {
    throw new TypeError(`bearerToken: expected at most ${maxTokenLength} characters, got ${result.length}`);
  }
  if (result !== "" && result !== token) {
    diag.warn("connect-clue: bearerToken: the white space around the token is ignored");
  }
  return result;
}

/** A variable of the environment that is not set must not open the door, nor keep the server from starting. */
function nobody(): Authorize {
  diag.warn("connect-clue: bearerToken has no token: the debug service is closed");
  return () => false;
}

interface Credentials {
  readonly user: string;
  readonly secret: string;
}

/** What an Authorization header says; nothing of it, if it is of another kind or longer than any token. */
function credentials(header: string): Credentials {
  const [, scheme = "", value = ""] =
    (header.length <= maxLength && /^(\S+) +(.*)$/.exec(header.trim())) || [];
  if (scheme.toLowerCase() === "bearer") return { user: "", secret: value };
  if (scheme.toLowerCase() !== "basic") return { user: "", secret: "" };
  const [, user = "", secret = ""] = /^([^:]*):(.*)$/s.exec(Buffer.from(value, "base64").toString()) ?? [];
  return { user, secret };
}

const cure = "the adapter needs contextValues: nodeContextValues";
const maxTokenLength = 4000;
/** The longest token as a password of Basic, and a name. */
const maxLength = 8192;
