import { create, type DescMessage, type Message, type Registry, setExtension } from "@bufbuild/protobuf";
import {
  AnySchema,
  anyPack,
  DurationSchema,
  FieldMaskSchema,
  FieldOptionsSchema,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it, vi } from "vitest";
import { SayRequestSchema } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { registryOf } from "../../test/support/corner-protos.js";
import { messageType } from "../../test/support/message-types.js";
import { Json } from "../call/json.js";
import { redactedJson } from "./redacted-json.js";

const registry = await registryOf("test/secret-protos");
const Account = typeOf("Account");
const Extended = typeOf("Extended");

/** One secret of every shape; of the fields that are not secret, none is set. */
const secrets = {
  password: "p4ss",
  hint: "",
  key: new Uint8Array([1, 2, 3]),
  pin: 1234n,
  codes: ["c0de"],
  answers: { pet: "r3x" },
  login: { case: "token", value: "t0ken" },
  guardian: { name: "m0m" },
  salary: "100",
  disease: "flu",
};
const redactedSecrets = {
  password: "[redacted]",
  hint: "[redacted]",
  key: "[redacted]",
  pin: "[redacted]",
  codes: "[redacted]",
  answers: "[redacted]",
  token: "[redacted]",
  guardian: "[redacted]",
  salary: "[redacted]",
  disease: "[redacted]",
};

describe("fields with debug_redact", () => {
  it("show that they are set, and no more", () => {
    const account = create(Account, { ...secrets, name: "bob", title: "Dr", hobby: "chess" });
    expect(parsed(Account, account)).toEqual({
      ...redactedSecrets,
      name: "bob",
      title: "Dr",
      hobby: "chess",
    });
  });

  it("are left out where they are not set, as protobuf sees it", () => {
    const empty = { password: "", key: new Uint8Array(), pin: 0n, codes: [], answers: {}, salary: "" };
    expect(parsed(Account, create(Account, empty))).toEqual({});
    expect(parsed(Account, create(Account, { hint: undefined, login: { case: undefined } }))).toEqual({});
  });

  it("are redacted at any depth, in lists and in maps", () => {
    const account = create(Account, {
      owner: { owner: secrets },
      members: [secrets, { name: "eve" }],
      byName: { bob: secrets },
    });
    expect(parsed(Account, account)).toEqual({
      owner: { owner: redactedSecrets },
      members: [redactedSecrets, { name: "eve" }],
      byName: { bob: redactedSecrets },
    });
  });

  it("are redacted in Any, and in Any in Any", () => {
    const inner = anyPack(Account, create(Account, secrets));
    const account = create(Account, { more: anyPack(AnySchema, inner) });
    expect(parsed(Account, account, registry)).toEqual({
      more: {
        "@type": "type.googleapis.com/google.protobuf.Any",
        value: { "@type": "type.googleapis.com/secrets.v1.Account", ...redactedSecrets },
      },
    });
  });

  it("are redacted in groups and in extensions", () => {
    const extended = create(Extended, { must: "m", inner: { open: "o", secret: "s" } });
    extend(extended, "secret_note", "psst");
    extend(extended, "account", create(Account, secrets));
    expect(parsed(Extended, extended, registry)).toEqual({
      must: "m",
      inner: { open: "o", secret: "[redacted]" },
      "[secrets.v1.secret_note]": "[redacted]",
      "[secrets.v1.account]": redactedSecrets,
    });
  });

  it("are redacted where an enum value is marked", () => {
    const account = create(Account, { members: [{ level: 1 }, { level: 2 }, { level: 7 }] });
    expect(parsed(Account, account)).toEqual({
      members: [{ level: "[redacted]" }, { level: "LEVEL_LOCAL" }, { level: 7 }],
    });
  });
});

describe("a type whose options cannot be read", () => {
  it("has nothing of its messages shown", () => {
    const [name] = Account.fields;
    if (name === undefined) throw new Error("there is no field");
    const options = create(FieldOptionsSchema);
    options.$unknown = [{ no: 50_002, wireType: 2, data: new Uint8Array([9, 1]) }];
    const desc = { ...Account, fields: [{ ...name, proto: { ...name.proto, options } }] };
    const message = create(Account, { name: "bob" });
    expect(redactedJson(desc, message)).toEqual(new Json('"[invalid]"', false));
  });
});

describe("Any", () => {
  it("is resolved among what the file of its message knows, without a registry", () => {
    const account = create(Account, { more: anyPack(Account, create(Account, { name: "bob" })) });
    expect(parsed(Account, account)).toEqual({
      more: { "@type": "type.googleapis.com/secrets.v1.Account", name: "bob" },
    });
  });

  it.each([
    ["an unknown type", { typeUrl: "x.y/unknown.Type", value: new Uint8Array(12) }],
    [
      "bytes that are none of the type",
      { typeUrl: "x.y/secrets.v1.Account", value: new Uint8Array(12).fill(255) },
    ],
    ["more than is unpacked", { typeUrl: "x.y/secrets.v1.Account", value: new Uint8Array(100_000) }],
  ])("shows type and size of %s", (_, more) => {
    expect(parsed(Account, create(Account, { more }))).toEqual({
      more: { "@type": more.typeUrl, value: `[${more.value.length} bytes]` },
    });
  });

  it("is unpacked only so often that the work is bounded", () => {
    const more = anyPack(Account, create(Account, { password: "p".repeat(30_000) }));
    const account = create(Account, { members: [{ more }, { more }, { more }] });
    const type = { "@type": "type.googleapis.com/secrets.v1.Account" };
    expect(parsed(Account, account)).toEqual({
      members: [
        { more: { ...type, password: "[redacted]" } },
        { more: { ...type, password: "[redacted]" } },
        { more: { ...type, value: "[30004 bytes]" } },
      ],
    });
  });

  it("is empty where nothing is in it", () => {
    expect(redactedJson(AnySchema, create(AnySchema))).toEqual(new Json("{}", false));
  });
});

describe("extensions and unknown fields", () => {
  it("are written where their types are known", () => {
    const extended = create(Extended, { must: "m" });
    extend(extended, "note", "n");
    extend(extended, "numbers", [1, 2]);
    extend(extended, "wait", create(DurationSchema, { seconds: 5n }));
    extended.$unknown?.push({ no: 199, wireType: 0, data: new Uint8Array([1]) });
    const known = {
      must: "m",
      "[secrets.v1.note]": "n",
      "[secrets.v1.numbers]": [1, 2],
      "[secrets.v1.wait]": "5s",
    };
    expect(parsed(Extended, extended, registry)).toEqual(known);
    expect(parsed(Extended, extended)).toEqual(known);
  });

  it("are found after a field of a type from elsewhere", () => {
    const extended = create(Extended, { must: "m", owner: { name: "bob" } });
    extend(extended, "note", "n");
    const written = { must: "m", owner: { name: "bob" }, "[secrets.v1.note]": "n" };
    expect(parsed(Extended, extended)).toEqual(written);
  });

  it("are left out where they are empty lists", () => {
    const extended = create(Extended, { must: "m" });
    extended.$unknown = [{ no: 102, wireType: 2, data: new Uint8Array([0]) }];
    expect(parsed(Extended, extended)).toEqual({ must: "m" });
  });

  it("are left out where nobody knows them", () => {
    const request = create(SayRequestSchema, { text: "hi" });
    request.$unknown = [{ no: 9, wireType: 2, data: new Uint8Array([1, 65]) }];
    expect(parsed(SayRequestSchema, request, registry)).toEqual({ text: "hi" });
  });

  it("tell their size where they are too large to be read", () => {
    const extended = create(Extended, { must: "m" });
    extend(extended, "note", "n".repeat(100_000));
    extend(extended, "secret_note", "s".repeat(100_000));
    expect(parsed(Extended, extended)).toEqual({
      must: "m",
      "[secrets.v1.note]": "[100003 bytes]",
      "[secrets.v1.secret_note]": "[redacted]",
    });
  });
});

describe("values that protobuf cannot write", () => {
  it.each<[string, DescMessage, Message, unknown]>([
    ["a required field that is not set", Extended, create(Extended), {}],
    [
      "a Timestamp out of range",
      TimestampSchema,
      create(TimestampSchema, { seconds: 10n ** 12n }),
      { seconds: "1000000000000" },
    ],
    ["nanos out of range", TimestampSchema, create(TimestampSchema, { nanos: -1 }), { nanos: -1 }],
    [
      "a Duration of two signs",
      DurationSchema,
      create(DurationSchema, { seconds: 1n, nanos: -1 }),
      { seconds: "1", nanos: -1 },
    ],
    [
      "a path that cannot be turned back",
      FieldMaskSchema,
      create(FieldMaskSchema, { paths: ["fooBar"] }),
      { paths: ["fooBar"] },
    ],
    ["a Value without a value", ValueSchema, create(ValueSchema), {}],
    [
      "a Value that is no number",
      ValueSchema,
      create(ValueSchema, { kind: { case: "numberValue", value: Number.NaN } }),
      { numberValue: "NaN" },
    ],
  ])("are written like any message: %s", (_, desc, message, written) => {
    expect(parsed(desc, message)).toEqual(written);
  });

  it("are marked where they are none of their field", () => {
    const account = create(Account, { name: "bob" });
    Object.assign(account, {
      name: 5,
      key: "text",
      pin: 1.5,
      codes: "none",
      level: "LEVEL_LOCAL",
      owner: { $typeName: "secrets.v1.Extended", password: "p4ss" },
      members: [null, { name: "no message" }, "text"],
      byName: "text",
      title: Symbol("s"),
      more: { $typeName: "google.protobuf.Any", typeUrl: 5, value: "text" },
    });
    const bad = "[invalid]";
    expect(parsed(Account, account)).toEqual({
      name: bad,
      key: "[redacted]",
      pin: "[redacted]",
      codes: "[redacted]",
      level: bad,
      owner: bad,
      members: [bad, bad, bad],
      byName: bad,
      title: bad,
      more: bad,
    });
  });

  it("are marked where they throw, and all else is there", () => {
    const thrower = {
      get() {
        throw new Error("no");
      },
      enumerable: true,
    };
    const owner = Object.defineProperty({ ...create(Account) }, "$typeName", thrower);
    const members = [create(Account, { name: "ann" }), new Proxy(create(Account), thrower)];
    const account = Object.assign(create(Account, { name: "bob" }), { owner, members });
    Object.defineProperty(account, "title", thrower);
    Object.defineProperty(account, "password", thrower);
    expect(parsed(Account, account)).toEqual({
      name: "bob",
      title: "[invalid]",
      password: "[invalid]",
      owner: "[invalid]",
      members: [{ name: "ann" }, "[invalid]"],
    });
  });

  it("are marked where they throw when something of them is written", () => {
    const thrower = {
      get b() {
        throw new Error("no");
      },
    };
    const throwing = (object: object) => {
      return Object.defineProperties(object, Object.getOwnPropertyDescriptors(thrower));
    };
    const account = create(Account);
    Object.assign(account, { byName: throwing({ a: create(Account) }) });
    expect(parsed(Account, account)).toEqual({ byName: "[invalid]" });
    const extra = { first: throwing({ aaaaaa: {} }), second: { aaaaa: 1 } };
    expect(parsed(Account, Object.assign(create(Account), { extra }))).toEqual({
      extra: { first: "[invalid]", second: { aaaaa: 1 } },
    });
  });

  it.each<unknown>([
    undefined,
    null,
    5,
    "text",
    {},
    create(SayRequestSchema),
    new Proxy({}, { get: () => expect.fail("read") }),
  ])("are marked where they are no message of the type: %#", (value) => {
    expect(redactedJson(Account, value as Message)).toEqual(new Json('"[invalid]"', false));
  });

  it("end cycles and depths", () => {
    const account = create(Account);
    Object.assign(account, { owner: account });
    expect(redactedJson(Account, account, { maxSize: 10_000 }).text).toBe(
      `${'{"owner":'.repeat(100)}"[too deep]"${"}".repeat(100)}`,
    );
  });

  it("may be many beside each other", () => {
    const members = new Array(150).fill({});
    expect(parsed(Account, create(Account, { members }))).toEqual({ members });
  });

  it("are valid JSON with halves of surrogate pairs", () => {
    const text = redactedJson(SayRequestSchema, create(SayRequestSchema, { text: "\ud83d!\udc4d" })).text;
    expect(text).toBe('{"text":"\\ud83d!\\udc4d"}');
  });

  it("are read from a message without a prototype", () => {
    const message = Object.assign(Object.create(null), create(SayRequestSchema, { text: "hi" }));
    expect(parsed(SayRequestSchema, message)).toEqual({ text: "hi" });
  });
});

describe("what is there", () => {
  it.each([
    [{ balance: -0 }, { balance: 0 }],
    [{ balance: 0 }, {}],
    [{ balance: Number.NaN }, { balance: "NaN" }],
  ])("is what protobuf sends: %j", (init, written) => {
    expect(parsed(Account, create(Account, init))).toEqual(written);
  });
});

describe("the JSON forms of the well-known types", () => {
  it.each<[DescMessage, Message, unknown]>([
    [
      TimestampSchema,
      create(TimestampSchema, { seconds: -1n, nanos: 5_000_000 }),
      "1969-12-31T23:59:59.005Z",
    ],
    [TimestampSchema, create(TimestampSchema, { nanos: 5_000 }), "1970-01-01T00:00:00.000005Z"],
    [DurationSchema, create(DurationSchema, { nanos: -50 }), "-0.000000050s"],
    [FieldMaskSchema, create(FieldMaskSchema, { paths: ["a_b.c_d", "e"] }), "aB.cD,e"],
    [
      StructSchema,
      create(StructSchema, { fields: { a: { kind: { case: "nullValue", value: 0 } } } }),
      { a: null },
    ],
    [
      ListValueSchema,
      create(ListValueSchema, { values: [{ kind: { case: "boolValue", value: true } }] }),
      [true],
    ],
    [ValueSchema, create(ValueSchema, { kind: { case: "structValue", value: { fields: {} } } }), {}],
  ])("%s", (desc, message, written) => {
    expect(parsed(desc, message)).toEqual(written);
  });
});

describe("maxSize", () => {
  it("cuts, and says so", () => {
    const message = create(SayRequestSchema, { text: "😀😀😀" });
    expect(
      [9, 10, 11, 12, 17].map((maxSize) => redactedJson(SayRequestSchema, message, { maxSize })),
    ).toEqual([
      new Json('{"text":"…[cut]', true),
      new Json('{"text":"…[cut]', true),
      new Json('{"text":"😀…[cut]', true),
      new Json('{"text":"😀…[cut]', true),
      new Json('{"text":"😀😀😀"}', false),
    ]);
  });

  it("is 1024 unless said otherwise", () => {
    const message = create(SayRequestSchema, { text: "x".repeat(5000) });
    expect(redactedJson(SayRequestSchema, message)).toEqual(
      new Json(`{"text":"${"x".repeat(1024 - 9)}…[cut]`, true),
    );
  });

  it("bounds which fields are read", () => {
    const account = create(Account, { name: "x".repeat(20) });
    const read = vi.fn();
    Object.defineProperty(account, "title", { get: read, enumerable: true });
    expect(redactedJson(Account, account, { maxSize: 20 }).text).toBe('{"name":"xxxxxxxxxxx…[cut]');
    expect(read).not.toHaveBeenCalled();
  });

  it("bounds how many unknown fields are looked at", () => {
    let reads = 0;
    const extended = create(Extended);
    const unknown = new Array(1_000_000).fill({ no: 199, wireType: 0, data: new Uint8Array([1]) });
    extended.$unknown = new Proxy(unknown, {
      get(list, key) {
        reads++;
        return Reflect.get(list, key);
      },
    });
    expect(redactedJson(Extended, extended, { maxSize: 20 }).text).toBe("{…[cut]");
    expect(reads).toBeLessThan(50);
  });

  it("bounds what is read of lists, maps and bytes", () => {
    const desc = messageType({
      list: ["repeated int32", 1],
      map: ["map<string, int32>", 2],
      data: ["bytes", 3],
    });
    const reads: string[] = [];
    const counted = (of: object, name: string) =>
      new Proxy(of, {
        get(target, key, receiver) {
          if (typeof key === "string" && /\d/.test(key)) reads.push(name);
          return Reflect.get(target, key, receiver);
        },
      });
    const list = create(desc, { list: counted(new Array(1_000_000).fill(7), "list") });
    expect(redactedJson(desc, list, { maxSize: 20 }).text).toBe('{"list":[7,7,7,7,7,7…[cut]');
    const entries = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
    const map = create(desc, { map: counted(entries, "map") });
    expect(redactedJson(desc, map, { maxSize: 20 }).text).toBe('{"map":{"k0":0,"k1":…[cut]');
    expect(reads.filter((name) => name === "list").length).toBeLessThan(10);
    expect(reads.filter((name) => name === "map").length).toBeLessThan(5);
    const data = create(desc, { data: new Uint8Array(1e8) });
    expect(redactedJson(desc, data, { maxSize: 20 }).text).toBe('{"data":"AAAAAAAAAAA…[cut]');
  });
});

function typeOf(name: string): DescMessage {
  const desc = registry.getMessage(`secrets.v1.${name}`);
  if (desc === undefined) throw new Error(`there is no ${name}`);
  return desc;
}

function extend(message: Message, name: string, value: unknown): void {
  const extension = registry.getExtension(`secrets.v1.${name}`);
  if (extension === undefined) throw new Error(`there is no ${name}`);
  setExtension(message, extension, value);
}

/** What is written, which must be all and must be JSON. */
function parsed(desc: DescMessage, message: Message, types?: Registry): unknown {
  const { text, truncated } = redactedJson(desc, message, { registry: types });
  expect(truncated).toBe(false);
  return JSON.parse(text);
}
