/** Every kind of call, over every transport, going every way: exactly these events and log lines, and nothing left in flight. */
import { expect, it } from "vitest";
import { cases } from "./cases.js";
import { expected } from "./expected.js";
import { play } from "./scenario.js";

it.each(cases)("$kind, $protocol, http $http: $course", async (cell) => {
  expect(await play(cell)).toEqual(expected(cell));
});
