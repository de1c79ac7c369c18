import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Json, JsonText } from "./json.js";

describe("Json", () => {
  it("is its text for people and its value for JSON", () => {
    const json = new Json('{"a":1}', false);
    expect([`${json}`, inspect(json), JSON.stringify([json])]).toEqual(['{"a":1}', '{"a":1}', '[{"a":1}]']);
  });

  it("is its text for JSON too when it was cut or never was JSON", () => {
    expect(JSON.stringify([new Json('{"a', true), new Json("{", false)])).toBe('["{\\"a","{"]');
  });
});

describe("JsonText", () => {
  it("is whole as long as it fits", () => {
    const json = new JsonText(6);
    json.add("[");
    json.string('"');
    json.add("]");
    expect([json.isFull, json.finish()]).toEqual([false, new Json('["\\""]', false)]);
  });

  it("is cut to its size, and never in half of a character", () => {
    const json = new JsonText(2);
    json.string("😀😀");
    expect([json.isFull, json.left, json.finish()]).toEqual([true, 0, new Json('"…[cut]', true)]);
  });

  it("quotes no more of a string than is kept, also when it is full", () => {
    const json = new JsonText(5);
    json.string("x".repeat(1e7));
    expect(json.text).toBe('"xxxxxx"');
    json.string("y".repeat(1e7));
    expect(json.text).toBe('"xxxxxx"""');
  });

  it("ends where its steps did: what closes it afterwards is no part of the whole", () => {
    const json = new JsonText(2);
    json.add("{");
    for (let i = 0; i < 3; i++) json.step();
    json.add("}");
    expect(json.finish()).toEqual(new Json("{…[cut]", true));
  });

  it("is full after as many steps as it has room for", () => {
    const json = new JsonText(2);
    expect([json.step(), json.step(), json.step()]).toEqual([true, true, false]);
    expect(json.finish()).toEqual(new Json("…[cut]", true));
  });
});
