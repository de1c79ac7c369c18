import { create, fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
} from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { cornerProtos, registryOf } from "../../test/support/corner-protos.js";
import { answers, type ReflectionResponse } from "./answers.js";
import { SchemaIndex } from "./schema-index.js";

type Answer = ReflectionResponse<ServerReflectionRequest>["messageResponse"];

let schema: SchemaIndex;

beforeAll(async () => {
  schema = new SchemaIndex([], [...(await registryOf(cornerProtos)).files]);
});

describe("whatever names are asked for", () => {
  it("each request has one answer, and an error's text is bounded", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request(), { maxLength: 20 }), async (requests) => {
        const found = await answersTo(requests);
        expect(found).toHaveLength(requests.length);
        for (const [n, answer] of found.entries()) expectFits(answer, requests[n]);
      }),
    );
  });

  it("no file is sent twice on a stream, but as the one that was asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request(), { maxLength: 20 }), async (requests) => {
        const seen = new Set<Uint8Array>();
        for (const { case: kind, value } of await answersTo(requests)) {
          if (kind !== "fileDescriptorResponse") continue;
          const [root, ...others] = value.fileDescriptorProto;
          expect(others.filter((bytes) => bytes === root || seen.has(bytes))).toEqual([]);
          for (const bytes of value.fileDescriptorProto) seen.add(bytes);
        }
      }),
    );
  });
});

describe("whatever bytes a request is made of", () => {
  it("what can be parsed has an answer, or the stream ends with invalid_argument", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const parsed = parse(bytes);
        if (parsed === undefined) return;
        if (parsed.messageRequest.case !== undefined) expectFits((await answersTo([parsed]))[0], parsed);
        else await expect(answersTo([parsed])).rejects.toMatchObject({ code: Code.InvalidArgument });
      }),
      { numRuns: 1000 },
    );
  });
});

const fits: Readonly<Record<string, Answer["case"]>> = {
  fileByFilename: "fileDescriptorResponse",
  fileContainingSymbol: "fileDescriptorResponse",
  fileContainingExtension: "fileDescriptorResponse",
  allExtensionNumbersOfType: "allExtensionNumbersResponse",
  listServices: "listServicesResponse",
};

function expectFits(answer: Answer | undefined, request: ServerReflectionRequest | undefined): void {
  if (answer?.case === "errorResponse") {
    expect(answer.value.errorCode).toBe(Code.NotFound);
    expect(answer.value.errorMessage.length).toBeLessThan(1500);
    expect(answer.value.errorMessage).toMatch(/^there is no [^\n\r]*$/);
  } else expect(answer?.case).toBe(fits[request?.messageRequest.case ?? ""]);
}

async function answersTo(requests: readonly ServerReflectionRequest[]): Promise<Answer[]> {
  const pairs = (async function* () {
    for (const request of requests) yield [undefined, request] as const;
  })();
  const found: Answer[] = [];
  for await (const { messageResponse } of answers(pairs, () => schema)) found.push(messageResponse);
  return found;
}

function parse(bytes: Uint8Array): ServerReflectionRequest | undefined {
  try {
    return fromBinary(ServerReflectionRequestSchema, bytes);
  } catch {
    return undefined;
  }
}

function request(): fc.Arbitrary<ServerReflectionRequest> {
  const names = [
    "corner/v1/two.proto",
    "corner.v1.Two",
    "corner.v1.Two.Kind",
    "corner.v1.CornerService.GetTwo",
  ];
  const name = fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom(...names).chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))),
    fc.string({ unit: "binary", maxLength: 2000 }),
    fc.constantFrom("__proto__", "constructor", "", "."),
  );
  const type = fc.record({
    containingType: name,
    extensionNumber: fc.oneof(fc.integer(), fc.constantFrom(101, 199)),
  });
  return fc
    .oneof(
      fc.record({ case: fc.constant("fileByFilename" as const), value: name }),
      fc.record({ case: fc.constant("fileContainingSymbol" as const), value: name }),
      fc.record({ case: fc.constant("fileContainingExtension" as const), value: type }),
      fc.record({ case: fc.constant("allExtensionNumbersOfType" as const), value: name }),
      fc.record({ case: fc.constant("listServices" as const), value: name }),
    )
    .map((messageRequest) => create(ServerReflectionRequestSchema, { messageRequest }));
}
