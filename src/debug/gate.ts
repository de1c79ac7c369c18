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
 * lock others out nor fill the log. All gates with the same `authorize` function have their budgets together.
 */
export class Gate {
  private readonly budget: Budget;

  /** @throws TypeError for a bad option: it names the option, what it got and what it accepts */
  constructor(
    private readonly options: GateOptions,
    private readonly where: string,
  ) {
    checkFunction(`${where}: authorize`, options.authorize);
    if (options.logger !== undefined) this.audit();
    this.budget = budgetOf(options.authorize ?? nobody);
  }

  /**
   * Lets a caller in, or not. An `authorize` that says nothing for 10 seconds, or until the client has gone, has refused.
   *
   * @param page - what was asked for over plain HTTP: `GET /debug/pprof/heap`
   * @returns who it is
   * @throws ConnectError `permission_denied`, and `resource_exhausted` when there are too many uses at once
   */
  async admit(context: HandlerContext, request: Message, page?: string): Promise<string> {
    const user = await this.userOf(context);
    if (typeof user !== "string") {
      this.refused({ context, page }, user === noAnswer ? "authorize did not answer" : "not allowed");
      throw new ConnectError(this.refusal(), Code.PermissionDenied);
    }
    if (!this.budget.uses.take()) {
      this.refused({ context, page, user }, "too many uses at once");
      throw new ConnectError("the debug service is used too much: try again soon", Code.ResourceExhausted);
    }
    const { log, keys } = this.audit();
    log.print("debug service used", {
      ...what({ context, page, user }, keys),
      "debug.request": redactedJson(context.method.input, request, { maxSize: maxRequestSize }),
    });
    return user;
  }

  private async userOf(context: HandlerContext): Promise<string | typeof noAnswer | undefined> {
    const { authorize } = this.options;
    if (authorize === undefined) return undefined;
    try {
      const user: unknown = await answerInTime(authorize(context), context.signal);
      if (user === noAnswer) return noAnswer;
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

  private refused(use: Use, reason: string): void {
    const { budget } = this;
    if (!budget.refusals.take()) {
      budget.unwritten++;
      return;
    }
    const more = budget.unwritten === 0 ? {} : { "debug.refusals_unwritten": budget.unwritten };
    budget.unwritten = 0;
    const { log, keys } = this.audit();
    log.warn("debug service refused", { "debug.reason": reason, ...what(use, keys), ...more });
  }

  private audit(): { readonly log: Logger; readonly keys: LogKeys } {
    return loggerAndKeys(this.options.logger, `${this.where}: logger`);
  }
}

/** What the log tells of a use. */
interface Use {
  readonly context: HandlerContext;
  readonly page: string | undefined;
  readonly user?: string;
}

function what({ context: { method, values }, page, user }: Use, keys: LogKeys): Fields {
  return {
    "debug.user": user,
    "debug.method": method.name,
    "debug.http": page && cut(page, maxPageSize),
    [keys.peer]: values.get(transportKey)?.peer,
  };
}

/** What may still be done, and written. */
interface Budget {
  readonly uses: TokenBucket;
  readonly refusals: TokenBucket;
  /** Refusals since the last one that was written. */
  unwritten: number;
}

function budgetOf(authorize: object): Budget {
  const known = budgets.get(authorize);
  if (known !== undefined) return known;
  const uses = new TokenBucket(burst, usesPerSecond);
  const budget = { uses, refusals: new TokenBucket(burst, usesPerSecond), unwritten: 0 };
  budgets.set(authorize, budget);
  return budget;
}

const budgets = new WeakMap<object, Budget>();
/** Stands for the function where there is none. */
const nobody = {};

/** What `authorize` says, unless it takes too long or nobody waits for it any more: then what it still says is ignored. */
async function answerInTime<T>(answer: T | Promise<T>, signal: AbortSignal): Promise<T | typeof noAnswer> {
  let giveUp = () => {};
  const givenUp = new Promise<typeof noAnswer>((resolve) => {
    giveUp = () => resolve(noAnswer);
  });
  const timer = setTimeout(giveUp, longestAnswerMs);
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}

const noAnswer = Symbol("no answer");
const longestAnswerMs = 10_000;
const burst = 20;
const usesPerSecond = 5;
const maxUserSize = 256;
const maxPageSize = 256;
const maxRequestSize = 1024;
