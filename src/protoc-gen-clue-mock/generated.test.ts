import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { bufGenerate, type Files, writeFiles } from "../../test/support/buf-generate.js";
import { root } from "../../test/support/built.js";
import { type CliResult, cli, emptyFolder } from "../../test/support/cli.js";

const chatProtos = {
  "chat/v1/text.proto": `edition = "2023";
package chat.v1;
message Text { string text = 1; }
`,
  "chat/v1/chat.proto": `edition = "2024";
package chat.v1;
import "chat/v1/text.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
service ChatService {
  rpc Say(Text) returns (Text);
  rpc Forget(google.protobuf.Empty) returns (google.protobuf.Empty);
  rpc Upload(stream Text) returns (google.protobuf.Int32Value);
  rpc Chat(stream Text) returns (stream Text);
}
`,
};

const useOfChat = `import { ChatServiceMock } from "./gen/chat/v1/chat_mock.js";

const mock = new ChatServiceMock();
mock.addSay((request) => ({ text: \`hello \${request.text}\` }));
mock.addChat().expect({ text: "hi" }).send({ text: "ho" }).expectEnd();
mock.setForget().send({});
mock.setUpload(async (requests) => {
  let value = 0;
  for await (const _ of requests) value++;
  return { value };
});
const client = mock.client();
const { text } = await client.say({ text: "you" });
const replies = [];
for await (const reply of client.chat(iterate({ text: "hi" }))) replies.push(reply.text);
await client.forget({});
const { value } = await client.upload(iterate({}, {}, {}));
mock.verify();

mock.addSay((request) => request);
mock.addChat();
let missing = "";
try { mock.verify(); } catch (error) { missing = String(error); }
console.log(JSON.stringify({ text, replies, value, missing }));

async function* iterate<T>(...values: readonly T[]) {
  yield* values;
}

// What must not compile: it would, were there an any.
export function misuse() {
  // @ts-expect-error no such method
  mock.addSign(() => ({}));
  // @ts-expect-error no such field in the request
  mock.addSay((request) => ({ text: request.txt }));
  // @ts-expect-error no such field in the response
  mock.setSay(() => ({ txt: "" }));
  // @ts-expect-error a unary handler where one of a stream is needed
  mock.addChat((request: { text: string }) => request);
  // @ts-expect-error no such field in the request
  mock.addSay().expect({ txt: "" });
  // @ts-expect-error nothing can follow the answer
  mock.setSay().send({}).send({});
  // @ts-expect-error no such option
  new ChatServiceMock({ name: "" });
}
`;

const namesProto = `syntax = "proto3";
import "google/protobuf/empty.proto";
message M {}
message Outer { message Inner {} }
service Service {
  rpc Constructor(M) returns (M);
  rpc say_hello(M) returns (M);
  rpc SayHello(M) returns (M);
  rpc Sayhello(M) returns (M);
  rpc _under(M) returns (M);
  rpc __Under(M) returns (M);
  rpc delete(M) returns (google.protobuf.Empty);
  rpc ToString(M) returns (M);
  rpc ToJSON(M) returns (M);
  rpc ValueOf(M) returns (M);
  rpc HasOwnProperty(M) returns (M);
  rpc Prototype(M) returns (M);
  rpc Then(M) returns (M);
  rpc Name(M) returns (M);
  rpc X(M) returns (M);
  rpc AddX(M) returns (M);
  rpc Add(M) returns (M);
  rpc Set(M) returns (M);
  rpc Next(M) returns (M);
  rpc HasMore(M) returns (M);
  rpc Verify(M) returns (M);
  rpc Calls(M) returns (M);
  rpc Called(M) returns (M);
  rpc Routes(M) returns (M);
  rpc Transport(M) returns (M);
  rpc Client(M) returns (M);
  rpc Serve(M) returns (M);
  rpc Service(M) returns (M);
  rpc Options(M) returns (M);
}
service ServiceMock { rpc Say(M) returns (M); }
service Script { rpc Say(M) returns (M); }
service MockHandler { rpc Say(M) returns (M); }
service MockOptions { rpc Say(M) returns (M); }
service Foo { rpc Say(M) returns (M); }
service FooMock { rpc Say(M) returns (M); }
service default { rpc Say(M) returns (M); }
service Object { rpc Say(M) returns (M); }
service Outer_Inner { rpc Say(M) returns (M); }
service Empty {}
`;

/** Calls every method of every mock, and tells by which verbs they are expected. */
const useOfNames = `import * as mocks from "./gen/names_mock.js";

const told = {};
for (const [name, Mock] of Object.entries(mocks)) {
  const verbs = Object.getOwnPropertyNames(Mock.prototype).filter((verb) => verb !== "constructor");
  const mock = new Mock();
  for (const verb of verbs) if (verb.startsWith("set")) mock[verb](() => ({}));
  const client = mock.client();
  for (const { localName } of mock.service.methods) await client[localName]({});
  told[name] = { service: mock.service.typeName, verbs, calls: mock.calls().length };
}
console.log(JSON.stringify(told));
`;

const rpcs = [...namesProto.matchAll(/^ {2}rpc (\w)(\w*)/gm)].map(
  ([, first = "", rest]) => first.toUpperCase() + rest,
);
const say = { verbs: ["addSay", "setSay"], calls: 1 };

describe("generated mocks", () => {
  it.each<[target: string]>([["ts"], ["js+dts"]])(
    "of target=%s compile, are typed, answer calls and bear any names",
    async (target) => {
      const folder = await installed(target);
      expect(await node(folder, "node_modules/typescript/bin/tsc")).toEqual({
        exit: 0,
        stdout: "",
        stderr: "",
      });
      expect(await told(folder, "chat.js")).toEqual({
        text: "hello you",
        replies: ["ho"],
        value: 3,
        // The lines of the test, not those of the generated code.
        missing: `MockError: mock of chat.v1.ChatService: 2 problems
  1. not called: say, added at chat.js:${lineOf("mock.addSay((request) => request)")}:6
  2. not called: chat, added at chat.js:${lineOf("mock.addChat();")}:6`,
      });
      expect(await told(folder, "names.js")).toEqual({
        ServiceMock: {
          service: "Service",
          verbs: rpcs.flatMap((rpc) => [`add${rpc}`, `set${rpc}`]),
          calls: rpcs.length,
        },
        ServiceMockMock: { service: "ServiceMock", ...say },
        ScriptMock: { service: "Script", ...say },
        MockHandlerMock: { service: "MockHandler", ...say },
        MockOptionsMock: { service: "MockOptions", ...say },
        FooMock: { service: "Foo", ...say },
        FooMockMock: { service: "FooMock", ...say },
        defaultMock: { service: "default", ...say },
        ObjectMock: { service: "Object", ...say },
        Outer_InnerMock: { service: "Outer_Inner", ...say },
        EmptyMock: { service: "Empty", verbs: [], calls: 0 },
      });
    },
    // The compiler takes its time.
    90_000,
  );
});

/** A folder with generated code, what uses it, and the kit installed as a user has it. */
async function installed(target: string): Promise<string> {
  const folder = emptyFolder();
  const options = [`target=${target}`, "import_extension=js"];
  const protos: Files = { ...chatProtos, "names.proto": namesProto };
  expect(await bufGenerate({ folder, protos, options, es: options })).toMatchObject({ exit: 0, stderr: "" });
  for (const name of ["@bufbuild/protobuf", "@connectrpc/connect", "typescript"]) {
    link(folder, name, join(root, "node_modules", name));
  }
  link(folder, "connect-clue", root);
  writeFiles(folder, {
    "package.json": '{ "type": "module" }',
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["chat.ts", "gen"] }),
    "chat.ts": useOfChat,
    "names.js": useOfNames,
  });
  return folder;
}

const compilerOptions = {
  target: "es2022",
  module: "nodenext",
  lib: ["es2023", "dom"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
};

/** What a program says, in JSON. */
async function told(folder: string, program: string): Promise<unknown> {
  const { stdout, ...end } = await node(folder, program);
  expect(end).toEqual({ exit: 0, stderr: "" });
  return JSON.parse(stdout);
}

function node(folder: string, program: string): Promise<CliResult> {
  return cli([program], { cwd: folder, command: [process.execPath] });
}

function link(folder: string, name: string, target: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** In JavaScript as in TypeScript: only types were taken away. */
function lineOf(code: string): number {
  return useOfChat.slice(0, useOfChat.indexOf(code)).split("\n").length;
}
