import assert from "node:assert/strict";
import util, { inspect } from "node:util";
import { createMock, type MockError, type ObjectMock } from "connect-clue/mock";
import { assert as chai, describe, expect, it } from "vitest";
import { collect } from "../../test/support/context-observe.js";
import { gate } from "../../test/support/gate.js";
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

  it("has one function for each method, before and after it is added", (t) => {
    const mock = createMock<Repository>({ test: t });
    const { find, save } = mock.object;
    expect([mock.object.find === find, find === (save as unknown)]).toEqual([true, false]);
    mock.set("find", async () => "");
    expect(mock.object.find).toBe(find);
  });

  it("is shown by Node as what it mocks", () => {
    expect(inspect(repository())).toBe("ObjectMock(Repository)");
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
    for (const write of [
      () => Object.assign(mock.object, { find: () => {} }),
      () => Object.defineProperty(mock.object, "find", { value: () => {} }),
      () => Reflect.deleteProperty(mock.object, "find"),
    ]) {
      expect(await problemOf(write)).toBe(
        'TypeError: find: a mocked object can\'t be written to: say set("find", …) to its mock',
      );
    }
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
        'take(1n, {"big":2n}, undefined, null, a function, Symbol(s), {"self":[circular]}, "x", [1])',
    );
    const long = (await thrownBy(() => mock.object.take("x".repeat(10_000)))) as Error;
    expect(long.message.length).toBeLessThan(800);
  });
});

describe("an assertion that fails in a handler", () => {
  const check = (n: number) => expect(n).toBe(1);

  it("counts in a generator", async () => {
    const mock = createMock<{ rows(n: number): Generator<number> }>();
    mock.set("rows", function* (n) {
      yield n;
      check(n);
    });
    expect([...mock.object.rows(1)]).toEqual([1]);
    mock.verify();
    expect(() => [...mock.object.rows(2)]).toThrow("expected 2 to be 1");
    expect(() => mock.verify()).toThrow("rows threw AssertionError: expected 2 to be 1");
  });

  it("counts in an async generator, and in one that is promised", async () => {
    async function* rows(n: number): AsyncGenerator<number> {
      yield n;
      check(n);
    }
    const mock = createMock<{
      rows(n: number): AsyncIterable<number>;
      query(n: number): Promise<AsyncIterable<number>>;
    }>();
    mock.set("rows", rows).set("query", async (n) => rows(n));
    expect(await problemOf(() => collect(mock.object.rows(2)))).toMatch("expected 2 to be 1");
    expect(await problemOf(async () => collect(await mock.object.query(3)))).toMatch("expected 3 to be 1");
    expect(await problems(mock)).toEqual([
      "rows threw AssertionError: expected 2 to be 1 // Object.is equality",
      "query threw AssertionError: expected 3 to be 1 // Object.is equality",
    ]);
  });

  it("does not count when the service's own error has two values, as a conflict of versions has", async (t) => {
    const conflict = Object.assign(new Error("conflict"), { expected: 1, actual: 2 });
    const mock = createMock<{ save(): Promise<void> }>({ test: t });
    mock.set("save", () => Promise.reject(conflict));
    expect(await thrownBy(() => mock.object.save())).toBe(conflict);
  });

  it("leaves a rejection that nobody handles to the process", async (t) => {
    const mock = createMock<{ save(): Promise<void> }>({ test: t });
    mock.set("save", () => Promise.reject(new Error("db")));
    const { opened, open } = gate<unknown>();
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").once("unhandledRejection", open);
    void mock.object.save();
    expect(await opened).toEqual(new Error("db"));
    for (const listener of listeners) process.on("unhandledRejection", listener);
  });

  it("gives mocked objects as they are", async (t) => {
    const inner = createMock<{ then(done: (value: string) => void): void }>({ test: t });
    inner.set("then", (done) => done("resolved"));
    const mock = createMock<{ inner(): unknown }>({ test: t });
    mock.set("inner", () => inner.object);
    expect(await mock.object.inner()).toBe("resolved");
  });

  it("counts once, whoever hands it on", async () => {
    const mock = createMock<{ find(): Promise<void>; first(): Promise<void> }>();
    mock.set("find", async () => check(2)).set("first", () => mock.object.find());
    await thrownBy(() => mock.object.first());
    expect(await problems(mock)).toEqual([
      "find threw AssertionError: expected 2 to be 1 // Object.is equality",
    ]);
  });

  it("leaves alone what a handler gives", async (t) => {
    const iterator = { next: () => ({ done: true, value: 1 }), [Symbol.iterator]: () => iterator };
    const lazy = Object.fromEntries(new Map().set("then", (done: (n: number) => void) => done(1)));
    const strict = new Proxy({}, { get: () => expect.unreachable() });
    const given = [iterator, lazy, Object.freeze({ next: () => 1 }), [1], null, repository().object, strict];
    const mock = createMock<{ give(i: number): unknown }>({ test: t });
    mock.set("give", (i) => given[i]);
    const { next } = iterator;
    for (const [i, value] of given.entries()) expect(Object.is(mock.object.give(i), value)).toBe(true);
    expect(iterator.next).toBe(next);
  });
});

describe("the text of a call", () => {
  it("is not made while the call is expected", (t) => {
    const mock = createMock<{ put(value: unknown): void }>({ test: t });
    mock.set("put", () => {});
    const untouchable = {
      toJSON: () => expect.unreachable(),
      get field() {
        return expect.unreachable();
      },
    };
    mock.object.put(untouchable);
  });

  it("does without what can't be read: the call is unexpected all the same", async () => {
    const mock = createMock<{ put(value: unknown): void }>();
    const hostile = new Proxy({}, { ownKeys: () => expect.unreachable() });
    expect(() => mock.object.put(hostile)).toThrow("unexpected call of put(…)");
    expect(await problems(mock)).toEqual([expect.stringContaining("unexpected call of put(…)")]);
  });

  it("shows no more of large things than it keeps", async () => {
    const mock = createMock<{ put(...values: unknown[]): void }>();
    const bytes = Object.assign(Buffer.alloc(5_242_880), { toJSON: () => expect.unreachable() });
    let reads = 0;
    const long = new Proxy([], { get: (_target, key) => (key === "length" ? 2 ** 32 : reads++) });
    const put = async (...values: unknown[]) => {
      const { message } = (await thrownBy(() => mock.object.put(...values))) as Error;
      return message.split("\n")[0]?.replace("mock of object: unexpected call of ", "");
    };
    expect(await put(bytes, new Uint8Array(3), new ArrayBuffer(2), new Map([[1, 2]]), new Set())).toBe(
      "put(Buffer(5242880), Uint8Array(3), ArrayBuffer(2), Map(1), Set(0))",
    );
    expect(await put(new Date(0), new URL("http://host/"), new Error("gone"))).toBe(
      'put("1970-01-01T00:00:00.000Z", "http://host/", {"name":"Error","message":"gone"})',
    );
    expect(
      await put({
        toJSON: () => {
          throw new Error("no");
        },
      }),
    ).toBe("put(an object)");
    expect((await put(long, "x".repeat(1e6)))?.length).toBeLessThan(600);
    expect(reads).toBeLessThan(1000);
  });
});

describe("what runtimes and printers ask of any object", () => {
  it("is not mocked in snapshots and messages of any kind", async (t) => {
    const mock = createMock<Repository>({ name: "Repository", test: t });
    const { object } = mock;
    expect({ repo: object }).toMatchInlineSnapshot(`
      {
        "repo": {},
      }
    `);
    const printed = [
      inspect({ repo: object }, { showHidden: true }),
      util.format("%o %O %s %j", object, object, object, object),
      await problemOf(() => expect({ repo: object }).toEqual({ repo: 1 })),
      await problemOf(() => expect(object).toEqual(expect.objectContaining({ a: object }))),
      await problemOf(() => chai.deepEqual<unknown>({ repo: object }, { repo: 1 })),
      await problemOf(() => assert.deepEqual({ repo: object }, { repo: 1 })),
    ];
    expect(printed.join()).not.toContain("unexpected call");
    expect(mock.calls()).toEqual([]);
  });

  it("is not mocked", async (t) => {
    const mock = createMock<Repository>({ test: t });
    mock.set("find", async () => "");
    const { object } = mock;
    expect(await object).toBe(object);
    expect(JSON.stringify(object)).toBe("{}");
    expect(inspect(object)).toMatch(/^(Proxy\()?\{ find: \[Function: find\] \}\)?$/);
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

async function problems(mock: { verify(): void }): Promise<readonly string[]> {
  return ((await thrownBy(() => mock.verify())) as MockError).problems;
}
