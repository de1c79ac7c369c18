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
 * @param token - the token. Undefined or empty, as when a variable of the environment is not set, it lets nobody in, and warns
 * @throws TypeError when it is no text
 *
 * @example
 * debugRoutes({ authorize: bearerToken(process.env.DEBUG_TOKEN) })(router);
 */
export function bearerToken(token: string | undefined): Authorize {
  if (token === undefined || token === "") return nobody();
  if (typeof token !== "string") {
    throw new TypeError(`bearerToken: expected a text, got ${describe(token)}`);
  }
  return ({ requestHeader }) => {
    const { user, secret } = credentials(requestHeader.get("authorization") ?? "");
    if (!isSameSecret(secret, token)) return false;
    return user === "" ? "bearer token" : `${user} (token)`;
  };
}

/**
 * Lets in what came by the private listener of a `createNodeServer`: whoever can reach that port, such as by `kubectl
 * port-forward`. The adapter needs `contextValues: nodeContextValues`.
 *
 * @example
 * await createNodeServer({ handler, port: 8080, private: { port: 9090 } });
 */
export function privateListener(): Authorize {
  return ({ values }) => (values.get(transportKey)?.isPrivate === true ? "private listener" : false);
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

const maxLength = 4096;
