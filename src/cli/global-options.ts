import { type Command, InvalidArgumentError, Option } from "commander";
import { protocols, type Target } from "./connection.js";
import { parseDuration } from "./duration.js";
import { usageError } from "./failure.js";

const defaultAddress = new URL("http://localhost:8080");

/** The options of all commands, as they are read. */
export interface GlobalOptions {
  readonly addr: URL;
  /** Empty for none, too. */
  readonly token?: string;
  readonly json?: true;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly protocol: Target["protocol"];
  readonly ca?: string;
  readonly insecure?: true;
}

/** Adds the options of all commands to the program. */
export function addGlobalOptions(program: Command): void {
  program
    .addOption(
      new Option("--addr <address>", "where the server is: host:port or a URL")
        .env("CLUE_DEBUG_ADDR")
        .default(defaultAddress, "http://localhost:8080")
        .argParser(addressOption),
    )
    .addOption(
      new Option(
        "--token <token>",
        "proves who you are; as an option, others may see it in the list of processes",
      )
        .env("CLUE_DEBUG_TOKEN")
        .argParser(tokenOption),
    )
    .option("--json", "write answers as JSON, one value a line")
    .option(
      "--timeout <duration>",
      "how long an answer may take (default: 10s), or a stream (default: no end)",
      durationOption,
    )
    .addOption(new Option("--protocol <protocol>", "what to speak").choices(protocols).default("connect"))
    .option("--ca <file>", "trust https servers that this certificate (PEM) has signed")
    .option("--insecure", "trust any https server: whoever answers gets the token");
}

/** Reads `300ms`, `10s`, `5m` or `2h`, as milliseconds. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("Expected a duration such as 300ms, 10s, 5m or 2h.");
  return ms;
}

function addressOption(text: string): URL {
  if (text === "") return defaultAddress;
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new InvalidArgumentError("Expected host:port, or a URL such as https://host:port.");
  }
  const { username, password, search, hash } = parsed;
  // Not shown: there is a password in it.
  if (`${username}${password}` !== "")
    throw usageError("--addr: expected no user and no password in it; CLUE_DEBUG_TOKEN takes the token");
  if (`${search}${hash}` !== "") throw new InvalidArgumentError("Expected no query and no fragment.");
  return parsed;
}

/** Its error shows no part of it. */
function tokenOption(text: string): string {
  if (/^[!-~]*$/.test(text)) return text;
  throw usageError(
    "--token or CLUE_DEBUG_TOKEN: there are spaces, line ends or other characters in it that no token has",
  );
}
