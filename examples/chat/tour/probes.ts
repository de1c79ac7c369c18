import { HealthCheckResponse_ServingStatus as ServingStatus } from "connect-clue/health";
import { check } from "./check.js";
import { messagesOf } from "./log-lines.js";
import { say, show, showText, title } from "./screen.js";
import type { Tour } from "./tour.js";

/** Health and reflection, as probes and people with curl see them. */
export async function probes({ server, guest: { health, reflection } }: Tour): Promise<void> {
  title("6. What probes see, on the same port");
  say(`A client watches the server's health by gRPC. ${server.url}/readyz says the same over HTTP/1.1.`);
  const leave = new AbortController();
  const statuses = health.watch({}, { signal: leave.signal })[Symbol.asyncIterator]();
  const nextStatus = async () => ServingStatus[(await statuses.next()).value?.status];
  check("the watcher sees", await nextStatus(), "SERVING");
  await showReadiness(server.url, 200);

  say(
    "Now the storage goes down: SIGUSR2 pretends that. The watcher is told, and the log has one line of it.",
  );
  server.toggleDependency();
  check("the watcher sees", await nextStatus(), "NOT_SERVING");
  await showReadiness(server.url, 503);
  show("server", await server.log.takeUpTo("dependency is down"));
  check("liveness, which depends on nothing", (await fetch(`${server.url}/livez`)).status, 200);

  say("And it comes back.");
  server.toggleDependency();
  check("the watcher sees", await nextStatus(), "SERVING");
  const back = await server.log.takeUpTo("dependency is up");
  check("lines in the server's log", messagesOf(back), ["dependency is up"]);
  leave.abort();
  await statuses.next().catch(() => {});
  check("lines of the watcher, who has left", messagesOf(await server.log.takeUpTo("end")), ["start", "end"]);

  say("Reflection tells a client without a schema what there is. So buf curl needs none.");
  for await (const { messageResponse } of reflection.serverReflectionInfo(listServices())) {
    if (messageResponse.case !== "listServicesResponse") throw new Error(`saw ${messageResponse.case}`);
    check(
      "services",
      messageResponse.value.service.map(({ name }) => name),
      [
        "chat.v1.ChatService",
        "clue.debug.v1.DebugService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ],
    );
  }
}

async function showReadiness(url: string, status: number): Promise<void> {
  const response = await fetch(`${url}/readyz`);
  showText(await response.text());
  check("GET /readyz answers", response.status, status);
}

async function* listServices() {
  yield { messageRequest: { case: "listServices" as const, value: "" } };
}
