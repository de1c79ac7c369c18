import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
import { needMethods } from "../call/check.js";
import { cut } from "../call/cut.js";
import type { Checker, ServingStatus } from "./types.js";

/**
 * Serves `grpc.health.v1.Health` on a router: `Check`, `List` and `Watch`, for the server as a whole (the empty name, or
 * `readiness`), for the process (`liveness`) and for every service of the router.
 *
 * @param checker - knows the statuses; several routers may share one
 * @throws TypeError when it is none
 *
 * @example
 * connectNodeAdapter({ routes: (router) => healthRoutes(createChecker())(router.service(ChatService, chat)) })
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function healthRoutes(checker: Checker): (router: ConnectRouter) => void {
  needMethods("healthRoutes: checker", checker, ["check", "status", "statuses", "watch", "register"]);
  return (router) => {
    const learn = learner(checker, router);
    router.service(Health, {
      async check({ service }, { signal }) {
        learn();
        return { status: HealthCheckResponse_ServingStatus[await checkedStatus(checker, service, signal)] };
      },
      async list(_, { signal }) {
        learn();
        await checker.check({ services: checker.statuses().keys(), signal });
        return { statuses: listed(checker.statuses()) };
      },
      async *watch({ service }, { signal }) {
        learn();
        for await (const status of checker.watch(cut(service, maxNameSize), signal)) {
          yield { status: HealthCheckResponse_ServingStatus[status ?? "SERVICE_UNKNOWN"] };
        }
      },
    });
    // Whoever asks over plain HTTP shall hear of the same services; by then all are on the router.
    queueMicrotask(learn);
  };
}

/** A longer name is cut, and then is no service's: neither memory nor an error message holds what a peer makes up. */
const maxNameSize = 512;

/** How many statuses `List` tells at most: as many as other servers do. */
const maxListed = 100;

/** Makes those services known that came onto the router since it was last called. */
function learner(checker: Checker, router: ConnectRouter): () => void {
  let seen = 0;
  return () => {
    const { handlers } = router;
    if (handlers.length === seen) return;
    checker.register(handlers.slice(seen).map(({ service }) => service.typeName));
    seen = handlers.length;
  };
}

async function checkedStatus(checker: Checker, service: string, signal: AbortSignal): Promise<ServingStatus> {
  const name = cut(service, maxNameSize);
  await checker.check({ services: [name], signal });
  const status = checker.status(name);
  if (status !== undefined) return status;
  throw new ConnectError(`unknown service ${JSON.stringify(name)}`, Code.NotFound);
}

function listed(statuses: ReadonlyMap<string, ServingStatus>) {
  if (statuses.size > maxListed) {
    throw new ConnectError(`${statuses.size} services are more than a list holds`, Code.ResourceExhausted);
  }
  const entries = Array.from(statuses, ([name, status]) => {
    return [name, { status: HealthCheckResponse_ServingStatus[status] }] as const;
  });
  return Object.fromEntries(entries);
}
