import { type DescService, toJson } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  createRouterTransport,
} from "@connectrpc/connect";
import { beforeAll, describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { ServerReflectionResponseSchema } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import {
  ServerReflectionResponseSchema as ResponseSchemaV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { cornerProtos, registryOf, serviceIn } from "../../test/support/corner-protos.js";
import { gate } from "../../test/support/gate.js";
import {
  askerOf,
  collect,
  each,
  extension,
  file,
  list,
  notFound,
  numbers,
  responsesOf,
  symbol,
} from "../../test/support/reflection.js";
import { withInterceptor } from "../index.js";
import { reflectionRoutes, ServerReflection } from "./index.js";

const v1 = "grpc.reflection.v1.ServerReflection";
const v1alpha = "grpc.reflection.v1alpha.ServerReflection";

let corner: DescService;

beforeAll(async () => {
  corner = serviceIn(await registryOf(cornerProtos), "corner.v1.CornerService");
});

describe("the services that are listed", () => {
  it("are those given, and no others of the router or of their files", async () => {
    const ask = askerOf((router) => {
      router.service(ChatService, {});
      reflectionRoutes([corner])(router);
    });
    expect(await ask(list)).toEqual([["corner.v1.CornerService"]]);
  });

  it('are, with "all", those on the router, reflection among them', async () => {
    const ask = askerOf((router) => {
      reflectionRoutes("all")(router);
      router.service(ChatService, {});
    });
    expect(await ask(list)).toEqual([["chat.v1.ChatService", v1, v1alpha]]);
  });

  it('are, with "all", those on the router at the time of a request', async () => {
    let router: ConnectRouter | undefined;
    const ask = askerOf((its) => {
      router = its;
      reflectionRoutes("all")(its);
    });
    const chat = symbol("chat.v1.ChatService.Say");
    expect(await ask(list, chat)).toEqual([[v1, v1alpha], notFound(`symbol "chat.v1.ChatService.Say"`)]);
    router?.rpc(ChatService.method.say, () => ({}));
    expect(await ask(list, chat)).toEqual([["chat.v1.ChatService", v1, v1alpha], ["chat/v1/chat.proto"]]);
  });

  it('are, with "all", found through a router that withInterceptor has wrapped', async () => {
    const routes = (router: ConnectRouter) => reflectionRoutes("all")(router.service(ChatService, {}));
    expect(await askerOf(withInterceptor(routes, (next) => next))(list)).toEqual([
      ["chat.v1.ChatService", v1, v1alpha],
    ]);
  });

  it("do not change with the array that was given", async () => {
    const services = [corner];
    const routes = reflectionRoutes(services);
    services.push(ChatService);
    expect(await askerOf(routes)(list)).toEqual([["corner.v1.CornerService"]]);
  });
});

describe("a stream", () => {
  it("ends with invalid_argument at a request that asks for nothing", async () => {
    await expect(askerOf(reflectionRoutes([corner]))(list, {})).rejects.toThrow(
      "[invalid_argument] the request does not say what it asks for",
    );
  });

  it("has its answer to a request before the next one is sent", async () => {
    const client = createClient(ServerReflection, createRouterTransport(reflectionRoutes([corner])));
    let next = gate();
    async function* requests() {
      for (let n = 0; n < 3; n++) {
        yield list;
        await next.opened;
        next = gate();
      }
    }
    let answers = 0;
    for await (const _ of client.serverReflectionInfo(requests())) {
      answers++;
      next.open();
    }
    expect(answers).toBe(3);
  });

  it("that waits for a request ends when the server shuts down", async () => {
    const shutdown = new AbortController();
    const transport = createRouterTransport(reflectionRoutes([corner]), {
      router: { shutdownSignal: shutdown.signal },
    });
    async function* requests() {
      yield list;
      await new Promise(() => {});
    }
    const read = async () => {
      for await (const _ of createClient(ServerReflection, transport).serverReflectionInfo(requests())) {
        shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable));
      }
    };
    await expect(read()).rejects.toThrow("[unavailable] server is shutting down");
  });
});

describe("v1alpha", () => {
  it("answers as v1 does", async () => {
    const routes = reflectionRoutes([corner]);
    const asked = [
      list,
      file("corner/v1/two.proto"),
      symbol("corner.v1.CornerService"),
      extension("corner.v1.Two", 199),
      numbers("corner.v1.Two"),
      { host: "example.com", ...symbol("no") },
    ];
    const client = createClient(ServerReflectionV1Alpha, createRouterTransport(routes));
    const old = await collect(client.serverReflectionInfo(each(asked)));
    const present = await responsesOf(routes, ...asked);
    expect(present).toHaveLength(asked.length);
    expect(old.map((response) => toJson(ResponseSchemaV1Alpha, response))).toEqual(
      present.map((response) => toJson(ServerReflectionResponseSchema, response)),
    );
  });
});

describe("arguments that are no good", () => {
  it.each([
    [
      "services",
      () => reflectionRoutes(bad("everything")),
      `services: expected "all" or an array of services, got "everything"`,
    ],
    [
      "services",
      () => reflectionRoutes(bad(undefined)),
      `services: expected "all" or an array of services, got undefined`,
    ],
    [
      "a service",
      () => reflectionRoutes([bad("chat")]),
      `services[0]: expected the descriptor of a service, as protoc-gen-es makes it, got "chat"`,
    ],
    [
      "a service",
      () => reflectionRoutes([ChatService, bad(ChatService.file)]),
      "services[1]: expected the descriptor of a service, as protoc-gen-es makes it, got an object",
    ],
    [
      "files",
      () => reflectionRoutes("all", { files: bad(null) }),
      "files: expected an array of files, got null",
    ],
    [
      "a file",
      () => reflectionRoutes("all", { files: [bad(null)] }),
      "files[0]: expected the descriptor of a file, as protoc-gen-es makes it, got null",
    ],
    [
      "options",
      () => reflectionRoutes("all", bad({ file: [] })),
      `there is no option "file"; there are files`,
    ],
  ])("%s", (_what, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

function bad(value: unknown): never {
  return value as never;
}
