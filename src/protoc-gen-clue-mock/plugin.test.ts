import { describe, expect, it } from "vitest";
import { bufGenerate, type Files, writeFiles } from "../../test/support/buf-generate.js";
import { emptyFolder } from "../../test/support/cli.js";
import { isInstalled } from "../../test/support/installed.js";
import { scopeVersion } from "../call/scope.js";

// Without `import_extension`, protoplugin removed the extension of all imports before 2.15, and of relative ones since then.
const rewrittenExtension = isInstalled("@bufbuild/protoplugin", 2, 15) ? ".js" : "";

const chatProto = `// Licence of the schema.
syntax = "proto3";

package chat.v1;

import "google/protobuf/empty.proto";

// ChatService has people talk:
//   - with each other, */ not
//   - with machines
//
// See https://example.com/chat.
service ChatService {
  // Say says one thing.
  rpc Say(SayRequest) returns (google.protobuf.Empty); // It is unary.

  /*
   * Shout says it loudly.
   */
  rpc Shout(stream SayRequest) returns (stream google.protobuf.Empty) {
    option deprecated = true;
  }
}

service EmptyService {}

// SayRequest has no mock.
message SayRequest {
  string text = 1;
}
`;

const chatMock = `import type { MockHandler, MockOptions, Script } from "connect-clue/mock";
import { ServiceMock } from "connect-clue/mock";
import { ChatService, EmptyService } from "./chat_pb.js";

/**
 * Mock of chat.v1.ChatService.
 *
 * ChatService has people talk:
 *   - with each other, *\\/ not
 *   - with machines
 *
 * See https://example.com/chat.
 */
export class ChatServiceMock extends ServiceMock<typeof ChatService> {
  constructor(options?: MockOptions) {
    super(ChatService, options);
  }

  /**
   * Begins a script for the next call in the sequence, a call of Say.
   *
   * Say says one thing.
   *
   * It is unary.
   */
  addSay(): Script<typeof ChatService.method.say>;
  /**
   * Appends a call of Say, which the handler answers, to the sequence of calls that are expected.
   *
   * Say says one thing.
   *
   * It is unary.
   */
  addSay(handler: MockHandler<typeof ChatService.method.say>): this;
  addSay(...given: [handler?: MockHandler<typeof ChatService.method.say>]): Script<typeof ChatService.method.say> | this {
    return this.expectCall("add", "say", given, this.addSay);
  }

  /**
   * Begins a script for all calls of Say that the sequence does not answer.
   *
   * Say says one thing.
   *
   * It is unary.
   */
  setSay(): Script<typeof ChatService.method.say>;
  /**
   * Has the handler answer all calls of Say that the sequence does not answer.
   *
   * Say says one thing.
   *
   * It is unary.
   */
  setSay(handler: MockHandler<typeof ChatService.method.say>): this;
  setSay(...given: [handler?: MockHandler<typeof ChatService.method.say>]): Script<typeof ChatService.method.say> | this {
    return this.expectCall("set", "say", given, this.setSay);
  }

  /**
   * Begins a script for the next call in the sequence, a call of Shout.
   *
   * Shout says it loudly.
   *
   * @deprecated
   */
  addShout(): Script<typeof ChatService.method.shout>;
  /**
   * Appends a call of Shout, which the handler answers, to the sequence of calls that are expected.
   *
   * Shout says it loudly.
   *
   * @deprecated
   */
  addShout(handler: MockHandler<typeof ChatService.method.shout>): this;
  addShout(...given: [handler?: MockHandler<typeof ChatService.method.shout>]): Script<typeof ChatService.method.shout> | this {
    return this.expectCall("add", "shout", given, this.addShout);
  }

  /**
   * Begins a script for all calls of Shout that the sequence does not answer.
   *
   * Shout says it loudly.
   *
   * @deprecated
   */
  setShout(): Script<typeof ChatService.method.shout>;
  /**
   * Has the handler answer all calls of Shout that the sequence does not answer.
   *
   * Shout says it loudly.
   *
   * @deprecated
   */
  setShout(handler: MockHandler<typeof ChatService.method.shout>): this;
  setShout(...given: [handler?: MockHandler<typeof ChatService.method.shout>]): Script<typeof ChatService.method.shout> | this {
    return this.expectCall("set", "shout", given, this.setShout);
  }
}

/**
 * Mock of chat.v1.EmptyService.
 */
export class EmptyServiceMock extends ServiceMock<typeof EmptyService> {
  constructor(options?: MockOptions) {
    super(EmptyService, options);
  }
}
`;

const pingProto = `syntax = "proto3";
message Ping {}
service PingService {
  rpc Send(Ping) returns (Ping);
}
`;

const pingJs = `import { ServiceMock } from "connect-clue/mock";
import { PingService } from "./ping_pb.js";
/**
 * Mock of PingService.
 */
export class PingServiceMock extends ServiceMock {
    constructor(options) {
        super(PingService, options);
    }
    addSend(...given) {
        return this.expectCall("add", "send", given, this.addSend);
    }
    setSend(...given) {
        return this.expectCall("set", "send", given, this.setSend);
    }
}
`;

const pingDts = `import type { MockHandler, MockOptions, Script } from "connect-clue/mock";
import { ServiceMock } from "connect-clue/mock";
import { PingService } from "./ping_pb.js";
/**
 * Mock of PingService.
 */
export declare class PingServiceMock extends ServiceMock<typeof PingService> {
    constructor(options?: MockOptions);
    /**
     * Begins a script for the next call in the sequence, a call of Send.
     */
    addSend(): Script<typeof PingService.method.send>;
    /**
     * Appends a call of Send, which the handler answers, to the sequence of calls that are expected.
     */
    addSend(handler: MockHandler<typeof PingService.method.send>): this;
    /**
     * Begins a script for all calls of Send that the sequence does not answer.
     */
    setSend(): Script<typeof PingService.method.send>;
    /**
     * Has the handler answer all calls of Send that the sequence does not answer.
     */
    setSend(handler: MockHandler<typeof PingService.method.send>): this;
}
`;

const messages = `syntax = "proto3"; message Text { string text = 1; }`;

describe("buf generate with protoc-gen-clue-mock", () => {
  it("writes a class for each service", async () => {
    const options = ["target=ts", "import_extension=js"];
    const generated = await bufGenerate({ options, protos: { "chat/v1/chat.proto": chatProto } });
    const preamble = `// Licence of the schema.

// @generated by protoc-gen-clue-mock v${scopeVersion} with parameter "target=ts,import_extension=js"
// @generated from file chat/v1/chat.proto (package chat.v1, syntax proto3)
/* eslint-disable */

`;
    expect(generated).toEqual(ok({ "chat/v1/chat_mock.ts": `${preamble}${chatMock}` }));
  });

  it.each<[options: readonly string[], texts: Files]>([
    [["target=js"], { "ping_mock.js": pingJs }],
    [["target=dts"], { "ping_mock.d.ts": pingDts }],
    [[], { "ping_mock.d.ts": pingDts, "ping_mock.js": pingJs }],
  ])("writes JavaScript and declarations: %j", async (given, texts) => {
    const options = [...given, "import_extension=js", "elide_plugin_version=true"];
    const { files, ...end } = await bufGenerate({ options, protos: { "ping.proto": pingProto } });
    const preamble = `// @generated by protoc-gen-clue-mock with parameter "${options.join()}"
// @generated from file ping.proto (syntax proto3)
/* eslint-disable */

`;
    const expected = Object.entries(texts).map(([path, text]) => [path, `${preamble}${text}`]);
    expect({ files, ...end }).toEqual(ok(Object.fromEntries(expected)));
  });

  it.each<[options: readonly string[], imported: readonly string[]]>([
    [
      ["target=ts", "import_extension=ts"],
      ["connect-clue/mock", "connect-clue/mock", "./ping_pb.ts"],
    ],
    [
      ["target=ts", "import_extension=none"],
      ["connect-clue/mock", "connect-clue/mock", "./ping_pb"],
    ],
    [
      ["target=js", "js_import_style=legacy_commonjs"],
      ["connect-clue/mock", "./ping_pb"],
    ],
    [
      [
        "target=ts",
        "rewrite_imports=./**/*_pb.js:@acme/schemas",
        "rewrite_imports=connect-clue/mock:@acme/mock",
      ],
      ["@acme/mock", "@acme/mock", `@acme/schemas/a/b/ping_pb${rewrittenExtension}`],
    ],
  ])("imports as it is told: %j", async (options, imported) => {
    const { files } = await bufGenerate({ options, protos: { "a/b/ping.proto": pingProto } });
    const paths = Object.values(files).flatMap((text) => [...text.matchAll(/(?:from |require\()"(.*)"/g)]);
    expect(paths.map(([, path]) => path)).toEqual(imported);
  });

  it("writes nothing for files without services, unless it is told to keep them", async () => {
    const protos = { "text.proto": messages, "ping.proto": pingProto };
    const without = await bufGenerate({ options: ["target=ts"], protos });
    const kept = await bufGenerate({ options: ["target=ts", "keep_empty_files=true"], protos });
    expect(Object.keys(without.files)).toEqual(["ping_mock.ts"]);
    expect(Object.keys(kept.files)).toEqual(["ping_mock.ts", "text_mock.ts"]);
  });

  it("lets buf remove what is no longer generated", async () => {
    const folder = emptyFolder();
    writeFiles(folder, { "gen/gone_mock.ts": "export {};" });
    const { files } = await bufGenerate({
      folder,
      options: ["target=ts"],
      protos: { "ping.proto": pingProto },
    });
    expect(Object.keys(files)).toEqual(["ping_mock.ts"]);
  });

  it("reads all syntaxes", async () => {
    const lines = {
      proto2: 'syntax = "proto2"',
      edition2023: 'edition = "2023"',
      edition2024: 'edition = "2024"',
    };
    const protos = Object.entries(lines).map(([name, line]) => [
      `${name}.proto`,
      pingProto.replace('syntax = "proto3"', `${line};\npackage ${name}`),
    ]);
    const { files } = await bufGenerate({ options: ["target=ts"], protos: Object.fromEntries(protos) });
    expect(Object.values(files).map((text) => text.split("\n")[1])).toEqual([
      "// @generated from file edition2023.proto (package edition2023, edition 2023)",
      "// @generated from file edition2024.proto (package edition2024, edition 2024)",
      "// @generated from file proto2.proto (package proto2, syntax proto2)",
    ]);
  });

  it("marks a class as deprecated when its service is, or the whole file", async () => {
    const protos = {
      "file.proto": pingProto.replace("message", "package file;\noption deprecated = true;\nmessage"),
      "service.proto": pingProto.replace("{\n  rpc", "{\n  option deprecated = true;\n  rpc"),
    };
    const { files } = await bufGenerate({ options: ["target=ts"], protos });
    const docs = Object.values(files).map((text) => text.match(/^\/\*\*.*?\*\//ms)?.[0]);
    expect(docs).toEqual([
      "/**\n * Mock of file.PingService.\n *\n * @deprecated\n */",
      "/**\n * Mock of PingService.\n *\n * @deprecated\n */",
    ]);
    expect(Object.values(files).map((text) => text.match(/@deprecated/g)?.length)).toEqual([1, 1]);
  });

  it.each([
    [
      "an unknown option",
      "mocks=all",
      pingProto,
      'invalid option "mocks=all": there are target, import_extension, rewrite_imports, js_import_style, keep_empty_files, ' +
        "ts_nocheck and elide_plugin_version",
    ],
    ["a bad value", "target=tsx", pingProto, 'invalid option "target=tsx"'],
    [
      "methods that no descriptor tells apart",
      "target=ts",
      pingProto.replace("rpc Send", "rpc send(Ping) returns (Ping);\n  rpc Send"),
      "PingService: the methods send and Send are both send in TypeScript: rename one",
    ],
  ])("refuses %s", async (_what, option, proto, complaint) => {
    const { exit, stderr, files } = await bufGenerate({ options: [option], protos: { "ping.proto": proto } });
    expect({ exit, complaint: stderr.split("\n")[0], files }).toEqual({
      exit: 1,
      complaint: `protoc-gen-clue-mock: ${complaint}`,
      files: {},
    });
  });
});

function ok(files: Files): object {
  return { exit: 0, stdout: "", stderr: "", files };
}
