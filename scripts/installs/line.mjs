import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { docCode, docCommands } from "./doc-commands.mjs";
import { succeedWith, withProject } from "./npm.mjs";

/** The lines of packages that the docs have commands for, and the Node versions that each is for. */
export const lines = {
  today: (major) => major >= 22,
  "sdk-trace-node": (major) => major >= 22,
  node20: (major) => major === 20,
};

/**
 * Does what a newcomer does: installs with the commands of the docs, compiles the code of the README, serves, calls;
 * then the same with telemetry, until spans arrive at a collector.
 *
 * @param {{ root: string, node: string, npm: string, name: string, tarball: string }} options
 */
export async function testLine({ root, node, npm, name, tarball }) {
  await withProject(async (folder) => {
    install({ node, npm, folder, tarball, specs: commandOf("README.md", name) });
    layOut(root, folder);
    compile(root, node, folder, ["server.ts", "client.ts"]);
    await serveAndCall(node, folder, []);
    install({ node, npm, folder, tarball, specs: commandOf("docs/telemetry.md", name) });
    const collector = await startCollector();
    const isOwn = name === "sdk-trace-node";
    for (const program of ["configured", ...(isOwn ? ["own-provider"] : [])]) {
      const pattern = program === "configured" ? /^ts$/ : /own-provider/;
      const code = docCode("docs/telemetry.md", pattern).replaceAll("http://collector:4318", collector.url);
      writeFileSync(join(folder, `${program}.ts`), code);
      compile(root, node, folder, ["server.ts", "client.ts", `${program}.ts`]);
      collector.paths.clear();
      await serveAndCall(node, folder, ["--import", `./out/${program}.js`]);
      if (!collector.paths.has("/v1/traces"))
        throw new Error(`${program}: no spans arrived at the collector`);
    }
    collector.close();
    const doctor = isOwn ? [] : ["telemetry", "otlp"];
    succeedWith(node, folder, "npx", "connect-clue", "doctor", ...doctor);
  });
}

function commandOf(page, name) {
  const command = docCommands(page).get(name);
  if (command === undefined) throw new Error(`${page} has no install command for ${name}`);
  return command;
}

/** Fails on all that npm warns about, too. */
function install({ node, npm, folder, tarball, specs }) {
  const packages = specs.map((spec) => (spec === "connect-clue" ? tarball : spec));
  const output = succeedWith(node, folder, npm, "install", "--no-audit", "--no-fund", ...packages);
  const warnings = output.split("\n").filter((line) => /^npm warn/i.test(line) && !isForeign(line));
  if (warnings.length > 0) throw new Error(`npm install ${specs.join(" ")} warns:\n${warnings.join("\n")}`);
}

/** protobufjs, below exporters of 0.2xx, has an install script; newer versions of npm tell. */
function isForeign(line) {
  return /install-scripts/i.test(line) && !line.includes("connect-clue");
}

function layOut(root, folder) {
  for (const name of ["server.ts", "client.ts"]) {
    const code = docCode(join(root, "README.md"), new RegExp(`^ts ${name}$`));
    const port = name === "server.ts" ? code.replace("port: 8080", "port: Number(process.env.PORT)") : code;
    const url = port.replace('"http://localhost:8080"', "`http://localhost:$" + "{process.env.PORT}`");
    writeFileSync(join(folder, name), url);
  }
  cpSync(join(root, "examples/chat/gen"), join(folder, "gen"), { recursive: true });
}

/** With the compiler of this repository: the one that a newcomer would get is another lane's matter. */
function compile(root, node, folder, files) {
  for (const [module, moduleResolution] of [
    ["esnext", "bundler"],
    ["nodenext", "nodenext"],
  ]) {
    const compilerOptions = {
      ...{ module, moduleResolution, strict: true, target: "es2022", lib: ["es2023", "dom"], outDir: "out" },
      ...{
        rootDir: ".",
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        skipLibCheck: true,
      },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    succeedWith(node, folder, node, join(root, "node_modules/typescript/bin/tsc"));
  }
}

async function serveAndCall(node, folder, nodeOptions) {
  const port = await freePort();
  const start = (program, ...options) =>
    started(node, [...options, `out/${program}.js`], {
      cwd: folder,
      env: { ...process.env, PORT: `${port}` },
    });
  const server = start("server", ...nodeOptions);
  try {
    await server.says("msg=listening");
    const client = start("client");
    const exitCode = await client.ended;
    const expected = ["hello world", 'got "a"'];
    if (exitCode !== 0 || !expected.every((text) => client.output().includes(text)))
      throw new Error(`the client ended with ${exitCode}:\n${client.output()}\n${server.output()}`);
  } finally {
    server.child.kill("SIGTERM");
    await server.ended;
  }
}

function started(node, args, options) {
  const child = spawn(node, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
  }
  const ended = once(child, "close").then(([code]) => code);
  const says = (expected) =>
    new Promise((resolve, reject) => {
      const look = () => text.includes(expected) && resolve();
      child.stdout.on("data", look);
      void ended.then((code) => reject(new Error(`${args.at(-1)} ended with ${code}:\n${text}`)));
    });
  return { child, ended, says, output: () => text };
}

async function startCollector() {
  const paths = new Set();
  const server = createServer((request, response) => {
    paths.add(request.url);
    request.resume().once("end", () => response.end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { paths, url: `http://127.0.0.1:${server.address().port}`, close };
}

async function freePort() {
  const server = createServer();
  await once(server.listen(0), "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
