import * as http from "connect-clue/otlp";
import * as grpc from "connect-clue/otlp-grpc";
import { startGrpcReceiver, startHttpReceiver } from "./otlp-receiver.js";

/** What sends OTLP, and what receives it, by the protocol. */
export const otlpProtocols = {
  grpc: { ...grpc, startReceiver: startGrpcReceiver },
  "http/protobuf": { ...http, startReceiver: startHttpReceiver },
} as const;

/** The names of the protocols. */
export const protocolNames = ["grpc", "http/protobuf"] as const;
