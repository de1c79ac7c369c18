import {
  type ConnectRouter,
  createClient,
  createConnectRouter,
  createRouterTransport,
  type Interceptor,
} from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { endings } from "../../test/support/context-observe.js";
import { clientInterceptor, contextOf, serverInterceptor, withInterceptor } from "../index.js";
import { callOf, liveCalls } from "./call.js";

type Routes = (router: ConnectRouter) => unknown;

/** The names of the interceptors that one call of `Say` has passed, from the outside in. */
async function passed(
  routes: (trace: string[]) => Routes,
  router: readonly string[] = [],
): Promise<string[]> {
  const trace: string[] = [];
  const register = routes(trace);
  const transport = createRouterTransport((it) => void register(it), {
    router: { interceptors: router.map((name) => named(name, trace)) },
  });
  const { text } = await createClient(ChatService, transport).say({ text: "hi" });
  return [...trace, text];
}

function named(name: string, trace: string[]): Interceptor {
  return (next) => (request) => {
    trace.push(name);
    return next(request);
  };
}

const impl = { say: ({ text }: { text: string }) => ({ text }) };

describe("withInterceptor", () => {
  it("puts the interceptor in front of a service's own, exactly once", async () => {
    expect(
      await passed((trace) => {
        const kit = named("kit", trace);
        return withInterceptor(
          (router) => router.service(ChatService, impl, { interceptors: [named("own", trace)] }),
          kit,
        );
      }),
    ).toEqual(["kit", "own", "hi"]);
  });

  it("does the same for a method that is registered alone", async () => {
    expect(
      await passed(
        (trace) =>
          withInterceptor(
            (router) =>
              router.rpc(ChatService.method.say, impl.say, {
                interceptors: [named("own 1", trace), named("own 2", trace)],
              }),
            named("kit", trace),
          ),
        ["router"],
      ),
    ).toEqual(["kit", "own 1", "own 2", "hi"]);
  });

  it("leaves services and methods without interceptors of their own to the router's", async () => {
    const service = (trace: string[]) =>
      withInterceptor((router) => router.service(ChatService, impl), named("kit", trace));
    const limited = (trace: string[]) =>
      withInterceptor(
        (router) => router.service(ChatService, impl, { readMaxBytes: 100 }),
        named("kit", trace),
      );
    const rpc = (trace: string[]) =>
      withInterceptor((router) => router.rpc(ChatService.method.say, impl.say), named("kit", trace));
    for (const routes of [service, limited, rpc]) {
      expect(await passed(routes, ["router"])).toEqual(["router", "hi"]);
      expect(await passed(routes)).toEqual(["hi"]);
    }
  });

  it("counts an empty list as interceptors of its own", async () => {
    expect(
      await passed(
        (trace) =>
          withInterceptor(
            (router) => router.service(ChatService, impl, { interceptors: [] }),
            named("kit", trace),
          ),
        ["router"],
      ),
    ).toEqual(["kit", "hi"]);
  });

  it("adds nothing where the interceptor is listed already, and keeps its place", async () => {
    expect(
      await passed((trace) => {
        const kit = named("kit", trace);
        return withInterceptor(
          (router) => router.service(ChatService, impl, { interceptors: [named("own", trace), kit] }),
          kit,
        );
      }),
    ).toEqual(["own", "kit", "hi"]);
  });

  it("adds nothing twice when it is nested", async () => {
    expect(
      await passed((trace) => {
        const kit = named("kit", trace);
        const routes: Routes = (router) =>
          router.service(ChatService, impl, { interceptors: [named("own", trace)] });
        return withInterceptor(withInterceptor(routes, kit), kit);
      }),
    ).toEqual(["kit", "own", "hi"]);
  });

  it("does not write to the service's options", () => {
    const interceptors = Object.freeze([named("own", [])]);
    const options = Object.freeze({ interceptors: interceptors as Interceptor[], readMaxBytes: 100 });
    withInterceptor(
      (router) => router.service(ChatService, impl, options),
      named("kit", []),
    )(createConnectRouter());
    expect(options).toEqual({ interceptors, readMaxBytes: 100 });
  });

  it("keeps the protocols that the router has switched off", () => {
    const kit = named("kit", []);
    const names = (routes: Routes) => {
      const router = createConnectRouter({ grpc: false, grpcWeb: false });
      withInterceptor(routes, kit)(router);
      return router.handlers.filter(({ method }) => method.name === "Say").map((it) => it.protocolNames);
    };
    expect(names((router) => router.service(ChatService, impl))).toEqual([["connect"]]);
    expect(names((router) => router.rpc(ChatService.method.say, impl.say))).toEqual([["connect"]]);
  });

  it("hands on a router that can be chained and read, and what the routes return", () => {
    const router = createConnectRouter();
    const seen: unknown[] = [];
    const result = withInterceptor(
      (given) => {
        const chained = given
          .service(ChatService, impl)
          .rpc(ChatService.method.say, impl.say, { interceptors: [] });
        seen.push(chained === given, given.handlers === router.handlers, given.handlers.length);
        return "returned";
      },
      named("kit", []),
    )(router);
    expect([result, ...seen]).toEqual(["returned", true, true, ChatService.methods.length + 1]);
  });
});

describe("interceptors of the kit that meet on one call", () => {
  const meetings: Record<string, (kit: () => Interceptor) => { router: Interceptor[]; routes: Routes }> = {
    "the router's and withInterceptor's, the same": (kit) => {
      const observe = kit();
      return {
        router: [observe],
        routes: withInterceptor(
          (router) => router.service(ChatService, impl, { interceptors: [named("own", [])] }),
          observe,
        ),
      };
    },
    "the router's and withInterceptor's, two": (kit) => ({
      router: [kit()],
      routes: withInterceptor(
        (router) => router.service(ChatService, impl, { interceptors: [named("own", [])] }),
        kit(),
      ),
    }),
    "a service's own and withInterceptor's, two": (kit) => ({
      router: [],
      routes: withInterceptor(
        (router) => router.service(ChatService, impl, { interceptors: [kit()] }),
        kit(),
      ),
    }),
    "one that is listed twice": (kit) => {
      const observe = kit();
      return { router: [observe, observe], routes: (router) => router.service(ChatService, impl) };
    },
    "two nested": (kit) => {
      const routes: Routes = (router) =>
        router.service(ChatService, impl, { interceptors: [named("own", [])] });
      return { router: [], routes: withInterceptor(withInterceptor(routes, kit()), kit()) };
    },
  };

  it.each(Object.entries(meetings))("observe it once: %s", async (_name, meeting) => {
    const { observer, all } = endings();
    const { router, routes } = meeting(() => serverInterceptor({ log: false, observers: [observer] }));
    const transport = createRouterTransport((it) => void routes(it), { router: { interceptors: router } });
    await createClient(ChatService, transport).say({ text: "hi" });
    expect(all).toEqual([{ side: "server", type: "ok", received: 1, sent: 1 }]);
    expect(liveCalls.size).toBe(0);
  });

  it("are the server's and the client's: each observes its own side", async () => {
    const { observer, all } = endings();
    const options = { log: false, observers: [observer] } as const;
    const calls: unknown[] = [];
    const transport = createRouterTransport(
      (router) =>
        router.service(ChatService, {
          say(_request, context) {
            calls.push(callOf(contextOf(context))?.side);
            return {};
          },
        }),
      {
        router: { interceptors: [serverInterceptor(options)] },
        transport: { interceptors: [clientInterceptor(options)] },
      },
    );
    await createClient(ChatService, transport).say({});
    expect([calls, all.map(({ side }) => side)]).toEqual([["server"], ["server", "client"]]);
  });
});
