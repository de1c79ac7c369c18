import type { ConnectionOptions } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.js";
import { check } from "../call/check.js";
import { isObject } from "../call/options.js";
import { parseAddress } from "../health/address.js";
import { checkHeaders, checkPinger, makePinger, type PingerOptions } from "../health/pinger.js";
import type { Dependency } from "../health/types.js";

/** Options of {@link grpcPinger}. */
export interface GrpcPingerOptions extends PingerOptions {
  /** The service to ask for, by full name. Default: empty, the server as a whole. */
  readonly service?: string;
  /** Whether the connection is encrypted, and what is beyond Node's defaults. Default false. */
  readonly tls?: boolean | GrpcPingerTls;
  /** Headers to send. Default: none of its own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the other server proves who it is, and this one too: as `tls.connect` of Node takes it. */
export type GrpcPingerTls = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "passphrase" | "servername" | "rejectUnauthorized"
>;

/**
 * A dependency that serves `grpc.health.v1.Health` over gRPC, and is asked for the status of one of its services.
 * One connection is kept from ping to ping; it does not keep the process alive.
 *
 * @param name - names it in answers, log lines and spans
 * @param address - `host:port`, with an IPv6 address in brackets
 * @throws TypeError for a bad option: it names the option, what it got and what it accepts
 *
 * @example
 * createChecker({ dependencies: [grpcPinger("rooms", "rooms:8080", { service: "rooms.v1.RoomService" })] });
 */
export function grpcPinger(name: string, address: string, options: GrpcPingerOptions = {}): Dependency {
  checkOptions(name, options);
  parseAddress("grpcPinger: address", address);
  const { service = "", tls = false, headers = {} } = options;
  const baseUrl = `${tls === false ? "http" : "https"}://${address}`;
  const session = new Http2SessionManager(baseUrl, undefined, typeof tls === "object" ? tls : undefined);
  const client = createClient(Health, createGrpcTransport({ baseUrl, sessionManager: session }));

  return makePinger(name, options, async (signal) => {
    // A connection that is cut without a word looks alive for minutes: the next ping makes a new one.
    const onAbort = (): void => session.abort();
    signal.addEventListener("abort", onAbort);
    try {
      const { status } = await client.check({ service }, { signal, headers });
      if (status !== Status.SERVING)
        throw new Error(`${service || "the server"} is ${Status[status] ?? status}`);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  });
}

function checkOptions(name: string, options: GrpcPingerOptions): void {
  checkPinger("grpcPinger", name, options, ["service", "tls", "headers"]);
  const { service, tls, headers } = options;
  check("grpcPinger: service", service, "the full name of a service", (text) => typeof text === "string");
  check("grpcPinger: tls", tls, "true, false or options of tls.connect", (value) => {
    return typeof value === "boolean" || isObject(value);
  });
  checkHeaders("grpcPinger: headers", headers);
}
