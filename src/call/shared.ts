import { diag } from "@opentelemetry/api";
import { unexpected } from "./options.js";
import { scopeName, scopeVersion } from "./scope.js";

/**
 * What a process may have more than once: this package, as two copies in `node_modules` or as parts of bundles. Copies of
 * one contract share the pieces that must exist once in a process (the calls in flight, the root logger, the budget of
 * buffered lines, …), and use each other's objects. Copies of different contracts share nothing, and say so.
 *
 * The contract is the shape of these pieces: of `Call`, of loggers and their cores, of buffers and lines, and of what
 * {@link shared} holds. A release that changes one of these shapes raises the number.
 */
export const contract = 1;

/**
 * The one piece of this name in the process, for all copies of this contract. Whoever asks first makes it.
 *
 * @param name - the same in all copies
 * @param make - makes the piece
 */
export function shared<T>(name: string, make: () => T): T {
  const { pieces } = ownEntry();
  const known = pieces.get(name);
  if (known !== undefined) return known as T;
  const made = make();
  pieces.set(name, made);
  return made;
}

/** A symbol that all copies of this contract have in common. */
export function sharedSymbol(name: string): symbol {
  return Symbol.for(`${scopeName}/${contract} ${name}`);
}

/** The property that tells which copy has made an object that users pass from one function of the kit to another. */
export const madeBy: unique symbol = Symbol.for(`${scopeName} made by`) as never;

/** The value of {@link madeBy} for the objects of this copy. */
export const thisCopy: Copy = { contract, version: scopeVersion };

/** What is known of a copy by those of other contracts. */
export interface Copy {
  readonly contract: number;
  /** The version of its package. */
  readonly version: string;
}

/**
 * Checks an object that another function of the kit has made, maybe one of another copy.
 *
 * @param option - names it in the error
 * @param accepts - what it should be, in words
 * @throws TypeError when the kit has not made it, or a copy has that this one cannot work with
 */
export function needOurs(option: string, value: unknown, accepts: string): void {
  const copy = (value as { readonly [madeBy]?: Copy } | null | undefined)?.[madeBy];
  if (copy?.contract === contract) return;
  if (copy === undefined) throw unexpected(option, accepts, value);
  throw new TypeError(`${option}: made by another version of ${scopeName}: ${mismatch(copy)}`);
}

interface Entry extends Copy {
  readonly pieces: Map<string, unknown>;
}

/** One for each contract, in the order in which they were loaded. This much must stay the same in all versions. */
type Registry = Map<number, Entry>;

let own: Entry | undefined;

function ownEntry(): Entry {
  own ??= registry().get(contract) ?? join();
  return own;
}

/** The first copy of a contract finds those of other contracts, and tells of it: once, as later copies find this one. */
function join(): Entry {
  const entries = registry();
  for (const other of entries.values()) warn(other);
  const entry: Entry = { ...thisCopy, pieces: new Map() };
  entries.set(contract, entry);
  return entry;
}

function registry(): Registry {
  const holder = globalThis as { [registryKey]?: Registry };
  holder[registryKey] ??= new Map();
  return holder[registryKey];
}

const registryKey: unique symbol = Symbol.for(`${scopeName} copies`) as never;

/** Told on standard error as well: few programs have given `diag` a logger by then. */
function warn(other: Copy): void {
  const text = `${scopeName}: ${mismatch(other)}`;
  console.warn(text);
  diag.warn(text);
}

function mismatch({ version }: Copy): string {
  return (
    `versions ${version} and ${scopeVersion} in one process know nothing of each other's calls, contexts and loggers: ` +
    `make them one (\`npm ls ${scopeName}\` shows who brings which)`
  );
}
