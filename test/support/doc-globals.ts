/**
 * A module that declares what the blocks of the docs may use without showing where it comes from.
 *
 * @param exports - the names that `connect-clue` exports
 */
export function docGlobals(exports: readonly string[]): string {
  return `
import type { DescService } from "@bufbuild/protobuf";
import type * as connect from "@connectrpc/connect";
import type * as connectNode from "@connectrpc/connect-node";
import type * as otel from "@opentelemetry/api";
import type * as kit from "connect-clue";
import type * as kitNode from "connect-clue/node";
import type * as pb from "./gen/chat/v1/chat_pb.js";

declare global {
  ${exports.map((name) => `const ${name}: typeof kit.${name};`).join("\n  ")}
  const nodeContextValues: typeof kitNode.nodeContextValues;
  const connectNodeAdapter: typeof connectNode.connectNodeAdapter;
  const createGrpcTransport: typeof connectNode.createGrpcTransport;
  const Code: typeof connect.Code;
  const ConnectError: typeof connect.ConnectError;
  const ChatService: typeof pb.ChatService;
  const ChatRequestSchema: typeof pb.ChatRequestSchema;
  const ChatResponseSchema: typeof pb.ChatResponseSchema;

  type ServiceImpl<T extends DescService> = connect.ServiceImpl<T>;

  const chat: Partial<ServiceImpl<typeof ChatService>>;
  const client: connect.Client<typeof ChatService>;
  const context: connect.HandlerContext;
  const ctx: otel.Context;
  const log: kit.RootLogger;
  const observe: connect.Interceptor;
  const requests: AsyncIterable<pb.ChatRequest>;
  const routes: (router: connect.ConnectRouter) => void;
}
`;
}
