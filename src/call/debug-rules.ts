import { type Call, callOf } from "./call.js";
import { debugSlot, type RulesInForce } from "./debug-slot.js";
import { compileMethodGlob } from "./method-filter.js";
import { shared } from "./shared.js";

/** Which calls a rule is for. */
export interface DebugTarget {
  /** A glob over `pkg.Service/Method`; empty for every method. */
  readonly method: string;
  /** Values that request headers must have; all of them. Names are in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Debug is on for the calls that the rule is for, and, where it is for all, outside of calls. */
export interface DebugRule extends DebugTarget {
  /** Unique in this process, ascending. */
  readonly id: number;
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What debug is switched on for while the process runs, each rule for a while only. */
export class DebugRules implements RulesInForce {
  private rules: readonly ActiveRule[] = [];
  private lastId = 0;

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  /** Adds a rule, or prolongs the one for the same calls. */
  set(target: DebugTarget, ttlMs: number): DebugRule {
    const same = this.inForce().find((rule) => isSameTarget(rule, target));
    const rule = new ActiveRule(same?.id ?? ++this.lastId, target, ttlMs);
    this.rules = [...this.rules.filter(({ id }) => id !== rule.id), rule].sort((a, b) => a.id - b.id);
    return rule;
  }

  /** Whether there is a rule for these very calls. */
  has(target: DebugTarget): boolean {
    return this.inForce().some((rule) => isSameTarget(rule, target));
  }

  /** Removes the rule for these very calls, if there is one. */
  remove(target: DebugTarget): void {
    this.rules = this.rules.filter((rule) => !isSameTarget(rule, target));
  }

  clear(): void {
    this.rules = [];
  }

  /** The rules in force, oldest first. */
  list(): readonly DebugRule[] {
    return this.inForce();
  }

  ruleFor(call: Call | undefined): DebugRule | undefined {
    if (this.isEmpty) return undefined;
    const rules = this.inForce();
    for (let each = call; each !== undefined; each = servedBy(each)) {
      const rule = rules.find((rule) => rule.matches(each));
      if (rule !== undefined) return rule;
    }
    return call === undefined ? rules.find(({ isForAll }) => isForAll) : undefined;
  }

  /** Rules that are over are dropped when somebody looks: nothing happens by a rule that nobody asks for. */
  private inForce(): readonly ActiveRule[] {
    const now = performance.now();
    if (this.rules.some((rule) => rule.endsAt <= now)) {
      this.rules = this.rules.filter((rule) => rule.endsAt > now);
    }
    return this.rules;
  }
}

/** The process's rules: every logger follows them. */
export const debugRules: DebugRules = shared("debug service's rules", () => new DebugRules());
debugSlot.rules = debugRules;

class ActiveRule implements DebugRule {
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly expiresAt: number;
  /** On the clock of `performance.now()`: nobody sets that one back. */
  readonly endsAt: number;
  private readonly isForMethod: (path: string) => boolean;

  constructor(
    readonly id: number,
    { method, headers }: DebugTarget,
    ttlMs: number,
  ) {
    this.method = method;
    this.headers = headers;
    this.expiresAt = Date.now() + ttlMs;
    this.endsAt = performance.now() + ttlMs;
    this.isForMethod = compileMethodGlob(method);
  }

  get isForAll(): boolean {
    return this.method === "" && this.headers.size === 0;
  }

  matches(call: Call): boolean {
    if (!this.isForMethod(call.path)) return false;
    for (const [name, value] of this.headers) if (call.header.get(name) !== value) return false;
    return true;
  }
}

function isSameTarget(a: DebugTarget, b: DebugTarget): boolean {
  if (a.method !== b.method || a.headers.size !== b.headers.size) return false;
  for (const [name, value] of a.headers) if (b.headers.get(name) !== value) return false;
  return true;
}

/** The call that is being served where a client's call is made. */
function servedBy(call: Call): Call | undefined {
  return call.side === "client" ? callOf(call.parent) : undefined;
}
