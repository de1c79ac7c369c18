import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatMessage } from "./node.js";

// What a process does at its end can only be seen from outside, so these run in processes of their own.
const platform = fileURLToPath(new URL("../../dist/src/platform/node.js", import.meta.url));
let folder = "";

beforeAll(() => {
  const reports = fileURLToPath(new URL("../../.report/", import.meta.url));
  mkdirSync(reports, { recursive: true });
  folder = mkdtempSync(join(reports, "platform-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the sink of a descriptor", () => {
  it("writes to a pipe in order and says nothing else", () => {
    const result = run(`for (let i = 0; i < 20_000; i++) stdoutSink().write("line " + i + "\\n");`);
    expect(result).toEqual({ code: 0, signal: null, stdout: numberedLines(20_000), stderr: "" });
  });

  it("loses no line and keeps the order when the process exits while a write is under way", () => {
    const result = run(`
      const sink = stdoutSink();
      for (let i = 0; i < 200; i++) sink.write("line " + i + "\\n");
      setImmediate(() => {
        for (let i = 200; i < 400; i++) sink.write("line " + i + "\\n");
        sink.flushSync();
        for (let i = 400; i < 500; i++) sink.write("line " + i + "\\n");
        exitProcess(3);
      });
    `);
    expect(result).toEqual({ code: 3, signal: null, stdout: numberedLines(500), stderr: "" });
  });

  it("waits for a reader that makes a break, and then writes the rest in order", async () => {
    const child = start(`
      const sink = stdoutSink();
      for (let i = 0; i < 50_000; i++) sink.write("line " + i + "\\n");
      setImmediate(() => setImmediate(() => console.error("written", sink.dropped)));
    `);
    const end = ended(child);
    child.stdout?.pause();
    const said = await new Promise((resolve) => child.stderr?.once("data", resolve));
    expect([String(said), await text(child.stdout)]).toEqual(["written 0\n", numberedLines(50_000)]);
    expect(await end).toEqual({ code: 0, signal: null });
  });

  it("is one for each descriptor and each file", () => {
    const result = run(`
      const same = [openSink({ fd: 1 }) === stdoutSink(), openSink({ path: "a.log" }) === openSink({ path: "./a.log" })];
      console.error(JSON.stringify([...same, openSink({ fd: 2 }) === stdoutSink()]));
    `);
    expect(result).toEqual({ code: 0, signal: null, stdout: "", stderr: "[true,true,false]\n" });
  });

  it("appends to a file", () => {
    writeFileSync(join(folder, "old.log"), "old\n");
    const result = run(`openSink({ path: "old.log" }).write("new\\n");`);
    expect(result).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect(readFileSync(join(folder, "old.log"), "utf8")).toBe("old\nnew\n");
  });

  it("fails at once when the file can't be opened", () => {
    const result = run(
      `try { openSink({ path: "none/x.log" }); } catch (error) { console.error(error.code); }`,
    );
    expect(result).toEqual({ code: 0, signal: null, stdout: "", stderr: "ENOENT\n" });
  });

  it("reports once that the descriptor is closed, and drops what comes later", () => {
    const result = run(`
      const fd = fs.openSync("closed.log", "a");
      const sink = openSink({ fd });
      fs.closeSync(fd);
      ${writeTwice}
    `);
    expect(result).toEqual({ code: 0, signal: null, stdout: "", stderr: "reported EBADF\ndropped 4\n" });
  });

  it("reports once that nobody reads any more, and the process lives on", async () => {
    const child = start(`process.stdin.once("data", () => { const sink = stdoutSink(); ${writeTwice} });`);
    child.stdout?.destroy();
    const stderr = text(child.stderr);
    child.stdin?.end("go");
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    expect(await stderr).toBe("reported EPIPE\ndropped 4\n");
  });

  it.skipIf(!existsSync("/dev/full"))("reports once that the disk is full, and goes on trying", () => {
    const result = run(`const sink = openSink({ path: "/dev/full" }); ${writeTwice}`);
    expect(result).toEqual({ code: 0, signal: null, stdout: "", stderr: "reported ENOSPC\ndropped 0\n" });
  });

  it("blocks nothing when nobody reads: timers run, what is too much is dropped, the process can exit", async () => {
    const child = start(`
      const sink = stdoutSink();
      const line = "x".repeat(1023) + "\\n";
      let ticks = 0;
      setInterval(() => {
        for (let i = 0; i < 2000; i++) sink.write(line);
        if (++ticks === 12) {
          console.error(sink.dropped > 4000 && sink.dropped < 12 * 2000);
          exitProcess(4);
        }
      }, 5);
    `);
    const stderr = text(child.stderr);
    child.stdout?.pause();
    expect(await exited(child)).toEqual({ code: 4, signal: null });
    child.stdout?.destroy();
    expect(await stderr).toBe("true\n");
  });
});

describe("a process that ends while its pipe is full", () => {
  // Lines have more bytes than characters, and a write can end inside of one: the pipe already holds something odd.
  const lines = [
    "first\n",
    ...Array.from({ length: 3000 }, (_, i) => `line ${i} ${"é".repeat(500)}\n`),
    "last\n",
  ];
  const fill = `
    const sink = stdoutSink();
    sink.write("first\\n");
    const busy = (ms) => { for (const end = Date.now() + ms; Date.now() < end; ); };
    const end = () => {
      console.error("full");
      busy(100);
      sink.write("last\\n");
      exitProcess(0);
    };
    setTimeout(() => {
      for (let i = 0; i < 3000; i++) sink.write("line " + i + " " + "é".repeat(500) + "\\n");
      WHEN
    }, 20);
  `;

  it.each([
    ["which is known", "setTimeout(end, 50);"],
    ["which is not known yet", "setImmediate(end);"],
  ])("waits for the reader, and loses no byte: %s", async (_, when) => {
    const child = start(fill.replace("WHEN", when));
    child.stdout?.pause();
    await new Promise((resolve) => child.stderr?.once("data", resolve));
    expect(await text(child.stdout)).toBe(lines.join(""));
  });
});

describe("the end of the process", () => {
  it("calls what was registered, the last first, and drops what one throws", () => {
    const result = run(`
      onProcessExit(() => console.log("first"));
      onProcessExit(() => { throw new Error("dropped"); });
      onProcessExit(() => console.log("last"));
    `);
    expect(result).toEqual({ code: 0, signal: null, stdout: "last\nfirst\n", stderr: "" });
  });

  it.each([
    ["an error", `throw new Error("boom");`, { code: 1, signal: null, stdout: "crash: boom\n" }],
    ["a rejection", `Promise.reject(new Error("boom"));`, { code: 1, signal: null, stdout: "crash: boom\n" }],
    ["a signal", `process.kill(process.pid, "SIGTERM");`, { code: null, signal: "SIGTERM", stdout: "" }],
  ])("writes before a crash by %s, and dies as without it", (_, crash, expected) => {
    const hooks = `onCrash((error) => stdoutSink().write("crash: " + error.message + "\\n"));
      onCrash(() => { throw new Error("dropped"); });`.replaceAll("\n", " ");
    // The crash stands at the same place of both scripts, since Node shows the place.
    const crashes = `\nsetTimeout(() => { ${crash} }); setInterval(() => {}, 1000);`;
    const { stderr } = run(crashes);
    expect(run(`${hooks}${crashes}`)).toEqual({ ...expected, stderr });
  });

  it("leaves a process alive that handles its own uncaught errors", () => {
    const result = run(`
      onCrash((error) => console.log("seen", error.message));
      process.on("uncaughtException", () => setImmediate(() => console.log("alive")));
      setTimeout(() => { throw new Error("boom"); });
    `);
    expect(result).toEqual({ code: 0, signal: null, stdout: "seen boom\nalive\n", stderr: "" });
  });
});

describe("the terminal", () => {
  it("is none when output is a pipe", () => {
    expect(run("console.log(String(stdoutIsTerminal()));").stdout).toBe("false\n");
  });

  it("wants no colours when NO_COLOR is set", () => {
    const asked = `Object.defineProperty(process.stdout, "isTTY", { value: true });
      delete process.env.NO_COLOR; console.log(String(stdoutIsTerminal()));
      process.env.NO_COLOR = "1"; console.log(String(stdoutIsTerminal()));`;
    expect(run(asked).stdout).toBe("true\nfalse\n");
  });
});

describe("formatMessage", () => {
  it("formats as util.format does", () => {
    expect(formatMessage("%s is %d%%", ["it", 50, { more: 1 }])).toBe("it is 50% { more: 1 }");
  });

  it("names the value that can't be read and shows the others", () => {
    const hostile = {
      toString() {
        throw new Error("no");
      },
      toJSON() {
        throw new Error("no");
      },
    };
    expect(formatMessage("%s and %s", [hostile, "b"])).toBe("[unreadable] and b");
  });
});

// The first write fails some time later; the report comes then, and names the error's code.
const writeTwice = `
  diag.setLogger({ error(_, error) {
    console.error("reported", error.code);
    sink.write("3\\n");
    sink.write("4\\n");
    console.error("dropped", sink.dropped);
  } });
  sink.write("1\\n2\\n");
`;

function script(code: string): string {
  const url = pathToFileURL(platform).href;
  const names = "exitProcess, onCrash, onProcessExit, openSink, stdoutIsTerminal, stdoutSink";
  const imports = `import { ${names} } from "${url}"; import fs from "node:fs";`;
  return `${imports} import { diag } from "@opentelemetry/api"; ${code}`;
}

function run(code: string, flags: readonly string[] = []) {
  const args = [...flags, "--input-type=module", "-e", script(code)];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  return { code: status, signal, stdout, stderr };
}

function start(code: string): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "-e", script(code)], { cwd: folder });
}

/** The end with all output read. */
function ended(child: ChildProcess) {
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
}

/** The end of the process alone, as nobody reads its output. */
function exited(child: ChildProcess) {
  return new Promise((resolve) => child.on("exit", (code, signal) => resolve({ code, signal })));
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  stream?.setEncoding("utf8");
  let all = "";
  for await (const chunk of stream ?? []) all += chunk;
  return all;
}

function numberedLines(count: number): string {
  return Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");
}
