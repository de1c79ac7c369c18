/** Clients that have no schema but what the server tells them: buf's, which is written in Go, and grpc-js. */
import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  type FileRegistry,
  fromBinary,
  fromJson,
  toBinary,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { Client, credentials } from "@grpc/grpc-js";
import { serverInterceptor } from "connect-clue";
import { reflectionRoutes } from "connect-clue/reflection";
import { testLogger } from "connect-clue/testing";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { chatService } from "../examples/chat/chat-service.js";
import { ChatService } from "../examples/chat/gen/chat/v1/chat_pb.js";
import {
  ServerReflection,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionV1Alpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { serve } from "./support/context-chat.js";
import { buf, buildProtos, cornerProtos, documents, registryOf, serviceIn } from "./support/corner-protos.js";
import {
  extension,
  file,
  list,
  notFound,
  numbers,
  type Request,
  readable,
  symbol,
} from "./support/reflection.js";

let corners: FileRegistry;

beforeAll(async () => {
  corners = await registryOf(cornerProtos);
});

describe.each(["connect", "grpc", "grpcweb"])("buf curl by %s, without a schema", (protocol) => {
  const curl = async (url: string, ...args: string[]) =>
    (await buf("curl", "--http2-prior-knowledge", "--protocol", protocol, ...args, url)).toString();

  it("lists the services and methods", async () => {
    const url = await startChat();
    expect(await curl(url, "--list-services")).toBe(
      "chat.v1.ChatService\ngrpc.reflection.v1.ServerReflection\ngrpc.reflection.v1alpha.ServerReflection\n",
    );
    expect((await curl(url, "--list-methods")).trim().split("\n")).toEqual([
      "chat.v1.ChatService/Chat",
      "chat.v1.ChatService/Countdown",
      "chat.v1.ChatService/Say",
      "chat.v1.ChatService/Upload",
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ]);
  });

  it.each([
    ["Say", [{ text: "a" }], [{ text: "you said: a" }]],
    ["Upload", [{ text: "a" }, { text: "b" }], [{ count: 2 }]],
    ["Countdown", [{ from: 1 }], [{ n: 1 }, {}]],
    ["Chat", [{ text: "a" }, { text: "b" }], [{ text: "you said: a" }, { text: "you said: b" }]],
  ])("calls %s", async (method, requests, responses) => {
    const url = `${await startChat()}/chat.v1.ChatService/${method}`;
    expect(documents(await curl(url, "-d", requests.map((each) => JSON.stringify(each)).join("")))).toEqual(
      responses,
    );
  });

  it("calls reflection itself", async () => {
    const url = `${await startChat()}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`;
    const answer = documents(await curl(url, "-d", `{"file_by_filename":"no.proto"}`));
    expect(answer).toEqual([
      {
        originalRequest: { fileByFilename: "no.proto" },
        errorResponse: { errorCode: 5, errorMessage: 'there is no file "no.proto"' },
      },
    ]);
  });

  it("calls Say with v1alpha alone", async () => {
    const url = `${await startChat()}/chat.v1.ChatService/Say`;
    const answer = await curl(url, "--reflect-protocol", "grpc-v1alpha", "-d", `{"text":"a"}`);
    expect(documents(answer)).toEqual([{ text: "you said: a" }]);
  });
});

describe("buf curl of a service with one of everything", () => {
  it("finds the types of Any values and extensions, those too that only the option `files` knows", async () => {
    const two = {
      id: 1,
      theName: "two",
      "[corner.v1.plain_extension]": "here",
      "[corner.v1.Apart.apart]": {},
    };
    const { url } = await serve({
      routes(router) {
        const { method } = serviceIn(corners, "corner.v1.CornerService");
        const getTwo = method.getTwo as DescMethodUnary<DescMessage, DescMessage>;
        router.rpc(getTwo, () => fromJson(getTwo.output, two, { registry: corners }));
        reflectionRoutes("all", { files: [...corners.files] })(router);
      },
    });
    const any = { "@type": "type.googleapis.com/corner.v1.Apart" };
    const answer = await buf(
      "curl",
      "--http2-prior-knowledge",
      "-d",
      JSON.stringify({ maybe: "x", anything: { 1: any } }),
      `${url}/corner.v1.CornerService/GetTwo`,
    );
    expect(documents(answer.toString())).toEqual([two]);
  });
});

describe.each([
  ["v1", ServerReflection],
  ["v1alpha", ServerReflectionV1Alpha],
])("a grpc-js client that knows %s alone", (_version, service) => {
  it("has each request answered on one stream, in order", async () => {
    const answers = await ask(await startCorners(), service.method.serverReflectionInfo, [
      list,
      symbol("corner.v1.Three.maybe"),
      file("corner/v1/shared.proto"),
      file("no.proto"),
      numbers("corner.v1.Two"),
      extension("corner.v1.Two", 300),
    ]);
    expect(answers.map(readable)).toEqual([
      ["corner.v1.CornerService"],
      expect.arrayContaining(["corner/v1/three.proto", "corner/v1/shared.proto"]),
      ["corner/v1/shared.proto"],
      notFound(`file "no.proto"`),
      { "corner.v1.Two": [101, 102, 150, 151, 199] },
      notFound(`extension 300 of "corner.v1.Two"`),
    ]);
  });

  it("has the descriptors that buf built", async () => {
    const asked = [symbol("corner.v1.CornerService")];
    const [answer] = await ask(await startCorners(), service.method.serverReflectionInfo, asked);
    const sent = filesIn(answer);
    expect(sent).toHaveLength(17);
    const built = new Map((await buildProtos(cornerProtos)).map((each) => [each.name, each]));
    expect(sent).toEqual(sent.map(({ name }) => built.get(name)));
  });
});

async function startChat(): Promise<string> {
  const routes = (router: ConnectRouter) => {
    router.service(ChatService, chatService);
    reflectionRoutes("all")(router);
  };
  return (await serve({ routes, interceptors: [serverInterceptor({ logger: testLogger() })] })).url;
}

async function startCorners(): Promise<string> {
  const routes = reflectionRoutes([serviceIn(corners, "corner.v1.CornerService")]);
  return (await serve({ routes })).url;
}

/** Asks on one stream, each request after the answer to the one before. */
function ask(
  url: string,
  { parent, name, input }: DescMethodBiDiStreaming,
  requests: readonly Request[],
): Promise<ServerReflectionResponse[]> {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  const stream = client.makeBidiStreamRequest(
    `/${parent.typeName}/${name}`,
    (request: Request) => Buffer.from(toBinary(input, create(input, { ...request }))),
    // What comes is read as v1, whichever version it is: the two are the same on the wire.
    (bytes: Buffer) => fromBinary(ServerReflectionResponseSchema, new Uint8Array(bytes)),
  );
  const answers: ServerReflectionResponse[] = [];
  const next = () => {
    const request = requests[answers.length];
    if (request === undefined) stream.end();
    else stream.write(request);
  };
  stream.on("data", (answer: ServerReflectionResponse) => {
    answers.push(answer);
    next();
  });
  next();
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("end", () => resolve(answers));
  });
}

function filesIn(answer: ServerReflectionResponse | undefined): FileDescriptorProto[] {
  const response = answer?.messageResponse;
  if (response?.case !== "fileDescriptorResponse") throw new Error(`expected files, got ${response?.case}`);
  return response.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}
