import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { cli } from "../../test/support/cli.js";
import { startFake } from "../../test/support/fake-debug.js";

it("tells how many lines were written", async () => {
  const { url, requests } = await startFake({
    debug: { flushCall: ({ id }) => ({ lines: id === 7n ? 1 : 3 }) },
  });
  expect(await cli(["flush", "7", "--addr", url])).toEqual({
    exit: 0,
    stdout: "1 line of call 7 written\n",
    stderr: "",
  });
  expect(await cli(["flush", "18446744073709551615", "--json", "--addr", url])).toEqual({
    exit: 0,
    stdout: '{"lines":3}\n',
    stderr: "",
  });
  expect(requests.map(({ message }) => message)).toMatchObject([{ id: 7n }, { id: 18446744073709551615n }]);
});

it("ends with 1 when there is no such call", async () => {
  const gone = () => {
    throw new ConnectError("no call 7 is in flight; it may have ended", Code.NotFound);
  };
  const { url } = await startFake({ debug: { flushCall: gone } });
  expect(await cli(["flush", "7", "--addr", url])).toEqual({
    exit: 1,
    stdout: "",
    stderr: "connect-clue: no call 7 is in flight; it may have ended\n",
  });
});

it.each(["x7", "-7", "1e3", "18446744073709551616"])("refuses %s", async (id) => {
  const { exit, stdout, stderr } = await cli(["flush", "--", id]);
  expect({ exit, stdout, stderr }).toEqual({
    exit: 2,
    stdout: "",
    stderr: `connect-clue: command-argument value '${id}' is invalid for argument 'id'. Expected a number, as calls shows it.\n`,
  });
});
