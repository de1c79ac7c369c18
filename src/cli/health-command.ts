import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import { commandWith, type Run } from "./command.js";
import { exitCodes, Failure } from "./failure.js";
import { openEnd, type Session } from "./session.js";

/** `health [service]`: whether the server takes calls. */
export function healthCommand(run: Run): Command {
  return commandWith("health", "ask whether the server, or a service of it, takes calls (grpc.health.v1)", [
    "health",
    "health chat.v1.ChatService",
    "health --watch --timeout 1m",
    "health --protocol grpc --addr rooms:50051",
  ])
    .argument("[service]", "the service's full name (default: the server as a whole)", String, "")
    .option("--watch", "go on, with a line whenever the status changes; at --timeout the last one decides")
    .action((service: string, { watch = false }: { watch?: boolean }, command: Command) =>
      run(command, (session) => (watch ? watchHealth(session, service) : checkHealth(session, service))),
    );
}

async function checkHealth(session: Session, service: string): Promise<number> {
  const status = await statusOf(session, service);
  if (session.isJson) await session.screen.json({ service, status: Status[status] });
  else await session.screen.write(statusText(session, status));
  return exitCodeOf(status);
}

/** `Check` has an error where `Watch` has a status: here both are a status. */
async function statusOf(session: Session, service: string): Promise<Status> {
  try {
    return (await session.client(Health).check({ service }, session.options)).status;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return Status.SERVICE_UNKNOWN;
    throw error;
  }
}

async function watchHealth(session: Session, service: string): Promise<number> {
  let last = Status.UNKNOWN;
  const ended = await openEnd(session, async (signal) => {
    for await (const { status } of session.client(Health).watch({ service }, { signal })) {
      last = status;
      const time = new Date().toISOString();
      if (session.isJson) await session.screen.json({ time, service, status: Status[status] });
      else await session.screen.write(`${time} ${statusText(session, status)}`);
    }
    throw new Failure("the server has ended the stream", exitCodes.unreachable);
  });
  return ended === exitCodes.ok ? exitCodeOf(last) : ended;
}

function statusText({ screen }: Session, status: Status): string {
  return screen.styled(status === Status.SERVING ? "green" : "red", Status[status] ?? `${status}`);
}

function exitCodeOf(status: Status): number {
  return status === Status.SERVING ? exitCodes.ok : exitCodes.no;
}
