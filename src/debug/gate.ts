import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { checkFunction } from "../call/check.js";
import { cut } from "../call/cut.js";
import { reportFault } from "../call/fault.js";
import { transportKey } from "../call/transport.js";
import type { Fields, Logger, LogKeys } from "../log/index.js";
import { loggerAndKeys } from "../log/live.js";
import { redactedJson } from "../payloads/index.js";
import type { Authorize } from "./authorizers.js";
import { TokenBucket } from "./token-bucket.js";

/** What the debug service and its HTTP twins ask of a caller. */
export interface GateOptions {
  /** Who may use it. Default: nobody. */
  readonly authorize?: Authorize;
  /** Where uses are written to. Default: the root logger. */
  readonly logger?: Logger;
}

/**
 * What every use of the debug service passes: it asks who it is, lets bursts of 20 pass and then a few a second, and writes who
 * does what to the log, at once. Refusals have a budget of their own: who is refused again and again can neither
 * lock others out nor fill the log.
 */
export class Gate {
  private readonly uses = new TokenBucket(burst, usesPerSecond);
  private readonly refusals = new TokenBucket(burst, usesPerSecond);
  private unwritten = 0;

  /** @throws TypeError for a bad option: it names the option, what it got and what it accepts */
  constructor(
    private readonly options: GateOptions,
    private readonly where: string,
  ) {
    checkFunction(`${where}: authorize`, options.authorize);
    if (options.logger !== undefined) this.audit();
  }

  /**
   * Lets a caller in, or not.
   *
   * @returns who it is
   * @throws ConnectError `permission_denied`, and `resource_exhausted` when there are too many uses at once
   */
  async admit(context: HandlerContext, request: Message): Promise<string> {
    const user = await this.userOf(context);
    if (user === undefined) {
      this.refused(context, "not allowed");
      throw new ConnectError(this.refusal(), Code.PermissionDenied);
    }
    if (!this.uses.take()) {
      this.refused(context, "too many uses at once", user);
      throw new ConnectError("the debug service is used too much: try again soon", Code.ResourceExhausted);
    }
    const { log, keys } = this.audit();
    log.print("debug service used", {
      ...what(context, user, keys),
      "debug.request": redactedJson(context.method.input, request, { maxSize: maxRequestSize }),
    });
    return user;
  }

  private async userOf(context: HandlerContext): Promise<string | undefined> {
    const { authorize } = this.options;
    if (authorize === undefined) return undefined;
    try {
      const user: unknown = await authorize(context);
      return typeof user === "string" && user !== "" ? cut(user, maxUserSize) : undefined;
    } catch (error) {
      reportFault(authorize, "the authorize function of the debug service", error);
      return undefined;
    }
  }

  private refusal(): string {
    if (this.options.authorize !== undefined) return "you may not use the debug service";
    return `closed until it is told who may use it: ${this.where}({ authorize: bearerToken(…) })`;
  }

  private refused(context: HandlerContext, reason: string, user?: string): void {
    if (!this.refusals.take()) {
      this.unwritten++;
      return;
    }
    const more = this.unwritten === 0 ? {} : { "debug.refusals_unwritten": this.unwritten };
    this.unwritten = 0;
    const { log, keys } = this.audit();
    log.warn("debug service refused", { "debug.reason": reason, ...what(context, user, keys), ...more });
  }

  private audit(): { readonly log: Logger; readonly keys: LogKeys } {
    return loggerAndKeys(this.options.logger, `${this.where}: logger`);
  }
}

function what({ method, values }: HandlerContext, user: string | undefined, keys: LogKeys): Fields {
  return { "debug.user": user, "debug.method": method.name, [keys.peer]: values.get(transportKey)?.peer };
}

const burst = 20;
const usesPerSecond = 5;
const maxUserSize = 256;
const maxRequestSize = 1024;
