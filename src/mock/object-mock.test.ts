import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createMock, type ObjectMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { problemOf, thrownBy } from "../../test/support/problems.js";

interface Repository {
  find(id: string): Promise<string>;
  save(id: string, order: { readonly total: number }): void;
  close?(): void;
  readonly size: number;
}

function repository(): ObjectMock<Repository> {
  return createMock<Repository>({ name: "Repository" });
}

describe("a mocked object", () => {
  it("answers in the order of the sequence, then as it was set", async (t) => {
    const mock = createMock<Repository>({ name: "Repository", test: t });
    const orders = mock.object;
    mock.set("find", async (id) => `set ${id}`);
    mock.add("find", async (id) => `added ${id}`).add("save", () => {});
    expect(mock.hasMore()).toBe(true);
    expect(await orders.find("a")).toBe("added a");
    orders.save("a", { total: 1 });
    expect(mock.hasMore()).toBe(false);
    expect(await orders.find("b")).toBe("set b");
    expect(mock.calls()).toEqual([
      { method: "find", args: ["a"] },
      { method: "save", args: ["a", { total: 1 }] },
      { method: "find", args: ["b"] },
    ]);
    expect(mock.calls("save")).toEqual([{ method: "save", args: ["a", { total: 1 }] }]);
  });

  it("throws for a call that is not expected, and fails verify, whatever the caller makes of that", async () => {
    const mock = repository();
    mock.add("find", async () => "");
    const problem =
      'mock of Repository: unexpected call of save("a", {"total":1})' +
      '\n  expected next: find, added at <add("find")>';
    expect(await problemOf(() => mock.object.save("a", { total: 1 }))).toBe(`MockError: ${problem}`);
    await mock.object.find("a");
    expect(await problemOf(() => mock.object.find("b"))).toBe(
      'MockError: mock of Repository: unexpected call of find("b")' +
        '\n  nothing more was expected: add("find", …) answers one more call, set("find", …) all of them',
    );
    expect(await problemOf(() => mock.verify())).toBe(
      "MockError: mock of Repository: 2 problems" +
        '\n  1. unexpected call of save("a", {"total":1})' +
        '\n    expected next: find, added at <add("find")>' +
        '\n  2. unexpected call of find("b")' +
        '\n    nothing more was expected: add("find", …) answers one more call, set("find", …) all of them',
    );
  });

  it("lists what is missing", async () => {
    const mock = createMock<Repository>();
    mock.add("find", async () => "");
    expect(await problemOf(() => mock.verify())).toBe(
      'MockError: mock of object: not called: find, added at <add("find")>',
    );
  });

  it("remembers assertions that fail in a handler, now or later, and no other errors", async () => {
    const mock = repository();
    mock.add("save", (_id, { total }) => expect(total).toBe(1));
    mock.add("find", async (id) => {
      await Promise.resolve();
      assert.equal(id, "a");
      return id;
    });
    mock.add("find", async () => {
      throw new Error("no connection");
    });
    await thrownBy(() => mock.object.save("a", { total: 2 }));
    await thrownBy(() => mock.object.find("b"));
    expect(await problemOf(() => mock.object.find("c"))).toBe("Error: no connection");
    const { problems } = (await thrownBy(() => mock.verify())) as { problems: string[] } & Error;
    expect(problems.map((problem) => problem.split("\n")[0])).toEqual([
      "save threw AssertionError: expected 2 to be 1 // Object.is equality",
      "find threw AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:",
    ]);
  });

  it("calls handlers as methods of the object, which work without it, too", async (t) => {
    const mock = createMock<{ add(n: number): unknown }>({ test: t });
    mock.set("add", function (this: unknown, n) {
      return [this === mock.object, n];
    });
    const { add } = mock.object;
    expect(mock.object.add(1)).toEqual([true, 1]);
    expect(add(2)).toEqual([true, 2]);
  });

  it("gives a handler to those who call it themselves", async () => {
    const mock = repository();
    const find = async () => "";
    mock.add("find", find);
    expect(mock.next("find")).toBe(find);
    expect(await problemOf(() => mock.next("find"))).toBe(
      "MockError: mock of Repository: unexpected call of find(…)" +
        '\n  nothing more was expected: add("find", …) answers one more call, set("find", …) all of them',
    );
  });

  it("has optional methods", (t) => {
    const mock = createMock<Repository>({ test: t });
    mock.add("close", () => {});
    mock.object.close?.();
  });

  it("refuses what is no handler, and to be written to", async () => {
    const mock = repository();
    const loose = mock as unknown as Record<"add" | "set", (...args: unknown[]) => unknown>;
    expect(await problemOf(() => loose.add("find"))).toBe(
      "TypeError: add: handler of find: expected a function, got undefined",
    );
    expect(await problemOf(() => loose.set(Symbol.iterator, () => {}))).toBe(
      "TypeError: set: method: expected a name, got Symbol(Symbol.iterator)",
    );
    expect(await problemOf(() => Object.assign(mock.object, { find: () => {} }))).toBe(
      'TypeError: find: a mocked object can\'t be written to: say set("find", …) to its mock',
    );
    mock.verify();
  });

  it("shows arguments of all sorts in errors", async () => {
    const mock = createMock<{ take(...args: unknown[]): void }>();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const args = [1n, { big: 2n }, undefined, null, () => {}, Symbol("s"), cyclic, "x", [1]];
    const { message } = (await thrownBy(() => mock.object.take(...args))) as Error;
    expect(message.split("\n")[0]).toBe(
      "mock of object: unexpected call of " +
        'take(1n, {"big":"2n"}, undefined, null, a function, Symbol(s), an object, "x", [1])',
    );
    const long = (await thrownBy(() => mock.object.take("x".repeat(10_000)))) as Error;
    expect(long.message.length).toBeLessThan(800);
  });
});

describe("what runtimes and printers ask of any object", () => {
  it("is not mocked", async (t) => {
    const mock = createMock<Repository>({ test: t });
    mock.set("find", async () => "");
    const { object } = mock;
    expect(await object).toBe(object);
    expect(JSON.stringify(object)).toBe("{}");
    expect(inspect(object)).toBe("{ find: [Function: find] }");
    expect(String(object)).toBe("[object Object]");
    expect(`${Object.prototype.toString.call(object)}`).toBe("[object Object]");
    expect(Object.keys(object)).toEqual(["find"]);
    expect(Object.keys({ ...object })).toEqual(["find"]);
    expect("find" in object).toBe(true);
    expect("save" in object).toBe(false);
    expect(object).toEqual(object);
    expect(() => expect(object).toEqual({})).toThrow(/toEqual|deeply equal/);
    expect(() => expect(object).toBe(1)).toThrow();
    expect(() => structuredClone(object)).toThrow("could not be cloned");
    expect(Symbol.iterator in object).toBe(false);
    expect(mock.calls()).toEqual([]);
  });

  it("is mocked when it was added", async (t) => {
    const mock = createMock<{ then(done: (value: string) => void): void; toJSON(): unknown }>({ test: t });
    mock.set("then", (done) => done("resolved")).set("toJSON", () => ({ json: true }));
    expect(await mock.object).toBe("resolved");
    expect(JSON.stringify(mock.object)).toBe('{"json":true}');
  });
});

describe("methods of any name", () => {
  const names = [
    "add",
    "set",
    "next",
    "verify",
    "calls",
    "object",
    "constructor",
    "toString",
    "valueOf",
    "hasOwnProperty",
  ];

  it.each([...names, "__proto__", "inspect", "then", "über", "$", "with-dash", "1"])("%s", (name) => {
    const mock = createMock<Record<string, (n: number) => number>>({ name: "odd" });
    mock.add(name, (n) => n + 1);
    expect(mock.object[name]?.(1)).toBe(2);
    expect(mock.calls()).toEqual([{ method: name, args: [1] }]);
    expect(mock.hasMore()).toBe(false);
    expect(Object.getPrototypeOf(mock.object)).toBe(Object.prototype);
    expect(() => mock.object[name]?.(1)).toThrow(`mock of odd: unexpected call of ${name}(1)`);
  });
});

describe("types of all sorts", () => {
  it("generics, overloads, and classes with private members", async (t) => {
    class Store {
      readonly #items = new Map<string, number>();
      private hidden = 0;
      get(key: string): number | undefined {
        return this.#items.get(key) ?? this.hidden;
      }
    }
    interface Mixed {
      first<T>(items: readonly T[]): T | undefined;
      parse(text: string): string;
      parse(number: number): number;
    }
    const store = createMock<Store>({ test: t });
    store.add("get", (key) => key.length);
    const total = ({ get }: Pick<Store, "get">) => get("four");
    expect(total(store.object)).toBe(4);

    const mixed = createMock<Mixed>({ test: t });
    mixed.add("first", (items) => items[0]).add("parse", (value: never) => value);
    expect(mixed.object.first([1, 2])).toBe(1);
    expect(mixed.object.parse("x")).toBe("x");
  });
});
