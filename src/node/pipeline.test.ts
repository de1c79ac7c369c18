import { describe, expect, it } from "vitest";
import { gate } from "../../test/support/gate.js";
import { rawConnection, startNodeServer } from "../../test/support/node-server.js";
import { until } from "../../test/support/until.js";

describe("requests that were sent at once", () => {
  it("are all answered when the server closes, the last with Connection: close", async () => {
    const { server, answer } = await waiting();
    const { closed } = rawConnection(server.port, gets("/1", "/2", "/3"));
    await until(() => [...server.requests].length === 3);
    const end = server.close();
    answer.open();
    expect(toldBy(await closed)).toEqual(["/1", "/2", "/3 close"]);
    await end;
  });

  it("are answered too when the last of them come while the server closes", async () => {
    const { server, answer } = await waiting();
    const { socket, closed } = rawConnection(server.port, gets("/1", "/2"));
    await until(() => [...server.requests].length === 2);
    const end = server.close();
    socket.write(gets("/3"));
    await until(() => [...server.requests].length === 3);
    answer.open();
    expect(toldBy(await closed)).toEqual(["/1", "/2", "/3 close"]);
    await end;
  });

  it("are answered too when one that has to wait is ready before the server closes", async () => {
    const { server, answer } = await waiting();
    const { closed } = rawConnection(server.port, gets("/1", "/at-once"));
    await until(() => [...server.requests].length === 2);
    const end = server.close();
    answer.open();
    expect(toldBy(await closed)).toEqual(["/1", "/at-once"]);
    await end;
  });

  it("are not given to the handler behind a response that has said Connection: close", async () => {
    const { server, answer, asked } = await waiting();
    const { socket, closed } = rawConnection(server.port, gets("/1"));
    const other = rawConnection(server.port, gets("/other"));
    await until(() => asked.length === 2);
    const end = server.close();
    socket.write(gets("/begun"));
    await until(() => asked.includes("/begun"));
    socket.write(gets("/3"));
    other.socket.write(gets("/behind-3"));
    await until(() => asked.includes("/behind-3"));
    answer.open();
    expect(toldBy(await closed)).toEqual(["/1", "/begun close"]);
    expect(asked).not.toContain("/3");
    await end;
  });

  it("are no longer in flight when their client has gone", async () => {
    const { server } = await waiting();
    const { socket } = rawConnection(server.port, gets("/1", "/at-once", "/3"));
    await until(() => [...server.requests].length === 3);
    socket.destroy();
    await until(() => [...server.requests].length === 0);
    await server.close();
  });
});

/** A server whose handlers wait until they may answer, or answer at once. */
async function waiting() {
  const answer = gate();
  const asked: string[] = [];
  const server = await startNodeServer({
    handler: async ({ url = "" }, response) => {
      asked.push(url);
      if (url === "/begun") response.writeHead(200);
      if (url !== "/at-once") await answer.opened;
      response.end(`${url}\n`);
    },
  });
  return { server, answer, asked };
}

function gets(...paths: readonly string[]): string {
  return paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
}

/** What was answered, and whether it said `Connection: close`. */
function toldBy(text: string): string[] {
  return text
    .split("HTTP/1.1 200 OK\r\n")
    .slice(1)
    .map((response) => {
      const [path] = /\/[-\w]+(?=\n)/.exec(response) ?? [];
      return `${path}${/^connection: close\r$/im.test(response) ? " close" : ""}`;
    });
}
