import { parseArgs } from "node:util";

/** What the command line says. */
export interface Options {
  readonly smoke: boolean;
  /** The names of the benchmarks to run. */
  readonly only: readonly string[];
  /** Where the raw numbers go; undefined for the usual place. */
  readonly json: string | undefined;
  readonly rounds: number;
  readonly help: boolean;
}

const defaultRounds = 30;

/**
 * Reads the command line.
 *
 * @param args - without the program's name
 * @param names - the benchmarks that there are
 * @throws TypeError for what it does not understand
 */
export function parseOptions(args: readonly string[], names: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      json: { type: "string" },
      rounds: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { smoke, only = names, json, rounds, help } = values;
  for (const name of only) {
    if (!names.includes(name))
      throw new TypeError(`--only: expected one of ${names.join(", ")}, got ${JSON.stringify(name)}`);
  }
  if (json === "") throw new TypeError("--json: expected the name of a file");
  return { smoke, only, json, rounds: smoke ? 1 : roundsOf(rounds), help };
}

/** The text of `--help`. */
export function usage(names: readonly string[]): string {
  return `usage: npm run bench -- [options]

  --only NAME    run this benchmark alone; may be repeated: ${names.join(", ")}
  --rounds N     samples of each variant (default ${defaultRounds}): more make the intervals narrower
  --json FILE    where the raw numbers go (default bench/results/latest.json)
  --smoke        everything once, in seconds: shows that it works, the figures mean nothing
  --help         this text`;
}

function roundsOf(text: string | undefined): number {
  if (text === undefined) return defaultRounds;
  const rounds = Number(text);
  if (/^\d+$/.test(text) && rounds >= 1 && rounds <= 1000) return rounds;
  throw new TypeError(`--rounds: expected a whole number from 1 to 1000, got ${JSON.stringify(text)}`);
}
