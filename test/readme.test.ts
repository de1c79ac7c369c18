import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as kit from "../src/index.js";
import { compile, root } from "./support/built.js";
import { type Program, run, says } from "./support/chat-process.js";
import { type DocBlock, docBlocks } from "./support/doc-blocks.js";
import { docGlobals } from "./support/doc-globals.js";

// Inside the repository, so that `connect-clue` is the built package.
const workplace = ".report/readme";
const readme = docBlocks("README.md");
const pages = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
const all = [...readme, ...pages.flatMap((page) => docBlocks(`docs/${page}`))];

let port: number;
let complaint = "";

beforeAll(async () => {
  port = await freePort();
  layOut(all.filter(({ language }) => language === "ts"));
  try {
    compile(`${workplace}/tsconfig.json`);
  } catch (error) {
    complaint = (error as Error).message;
  }
}, 60_000);

describe("the code of README.md and docs/", () => {
  it("compiles in strict mode", () => {
    expect(complaint).toBe("");
  });

  it("of README.md does what README.md shows, over a socket", async () => {
    const server = run(`${workplace}/out/server.js`);
    const client = await clientOf(server).finally(() => server.child.kill());
    await server.ended;
    expect({ server: linesOf(server.stdout), client: linesOf(client.stdout) }).toEqual({
      server: linesOf(named("server").code),
      client: linesOf(named("client").code),
    });
    expect([server.stderr, client.stderr]).toEqual(["", ""]);
  });
});

async function clientOf(server: Program): Promise<Program> {
  await says(server, "stdout", /msg=listening/);
  const client = run(`${workplace}/out/client.js`);
  expect(await client.ended).toBe(0);
  await says(server, "stdout", /msg="message failed"/);
  return client;
}

/** One module for each block: its file's name tells the compiler's complaints where it stands in the docs. */
function layOut(blocks: readonly DocBlock[]): void {
  const dir = join(root, workplace);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const example of ["chat", "orders"]) {
    cpSync(join(root, `examples/${example}/gen`), join(dir, "gen"), { recursive: true });
  }
  writeFileSync(join(dir, "globals.ts"), docGlobals(Object.keys(kit)));
  for (const { name, place, code } of blocks) {
    const file = name === "" ? `${place.replace(/[^\w]/g, "-")}.ts` : name;
    writeFileSync(join(dir, file), `${code.replaceAll("8080", `${port}`)}\nexport {};\n`);
  }
  const compilerOptions = { noEmit: false, rootDir: ".", outDir: "out" };
  const tsconfig = { extends: "../../tsconfig.json", compilerOptions, include: ["."], exclude: ["out"] };
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify(tsconfig));
}

function named(name: string): DocBlock {
  const block = readme.find((candidate) => candidate.name === name);
  if (block === undefined) throw new Error(`README.md has no block named ${name}`);
  return block;
}

/**
 * What a program says and what it logs, each in order: the two do not wait for each other. What differs from run to run
 * is made equal; request ids become numbers, so that it counts which lines share one.
 */
function linesOf(text: string): { said: string[]; logged: string[] } {
  const ids: string[] = [];
  const lines = text.trimEnd().split("\n");
  const isLog = (line: string) => line.startsWith("time=");
  return { said: lines.filter((line) => !isLog(line)), logged: lines.filter(isLog).map(normal) };

  function normal(line: string): string {
    return line
      .replace(/^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, "time=… ")
      .replace(/ rpc\.peer=\S+:\d+ /, " rpc.peer=… ")
      .replace(/ rpc\.time_ms=\d+(\.\d+)? /, " rpc.time_ms=… ")
      .replace(/ err\.stack="(Error: [\w ]+)(?:…|\\n {4}at [^"]*)" /, ' err.stack="$1…" ')
      .replace(/ port=\d+$/, " port=…")
      .replace(/ request_id=([0-9a-f-]{36}) /, (_, id) => ` request_id=${number(id)} `);
  }

  function number(id: string): number {
    if (!ids.includes(id)) ids.push(id);
    return ids.indexOf(id) + 1;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
