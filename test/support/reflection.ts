import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.js";

/** A request of either version. */
export interface Request {
  readonly host?: string;
  readonly messageRequest?:
    | { case: "fileByFilename" | "fileContainingSymbol" | "allExtensionNumbersOfType"; value: string }
    | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } }
    | { case: "listServices"; value: string };
}

/** The request for the names of all services. */
export const list: Request = { messageRequest: { case: "listServices", value: "" } };

/** The request for a file by its name. */
export function file(name: string): Request {
  return { messageRequest: { case: "fileByFilename", value: name } };
}

/** The request for the file that defines a symbol. */
export function symbol(name: string): Request {
  return { messageRequest: { case: "fileContainingSymbol", value: name } };
}

/** The request for the file that defines an extension. */
export function extension(containingType: string, extensionNumber: number): Request {
  return { messageRequest: { case: "fileContainingExtension", value: { containingType, extensionNumber } } };
}

/** The request for the numbers of all extensions of a type. */
export function numbers(type: string): Request {
  return { messageRequest: { case: "allExtensionNumbersOfType", value: type } };
}

/** An answer in a few words: names of services or files, extension numbers by their type, or an error. */
export type Answer =
  | string[]
  | Record<string, number[]>
  | { readonly code: number; readonly message: string };

/** What a response of the reflection service says. */
export function readable({ messageResponse: { case: kind, value } }: ServerReflectionResponse): Answer {
  switch (kind) {
    case "listServicesResponse":
      return value.service.map(({ name }) => name);
    case "fileDescriptorResponse":
      return value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
    case "allExtensionNumbersResponse":
      return { [value.baseTypeName]: value.extensionNumber };
    case "errorResponse":
      return { code: value.errorCode, message: value.errorMessage };
    case undefined:
      throw new Error("a response without an answer");
  }
}

/** How the service says that something is not there. */
export function notFound(what: string): Answer {
  return { code: Code.NotFound, message: `there is no ${what}` };
}

/** A stream of requests, each given when it is asked for. */
export async function* each<T>(requests: readonly T[]): AsyncGenerator<T> {
  yield* requests;
}

/** All of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of stream) all.push(message);
  return all;
}

/** Asks on a stream of its own, and tells the answers in a few words. */
export function askerOf(
  routes: (router: ConnectRouter) => unknown,
): (...requests: Request[]) => Promise<Answer[]> {
  const client = createClient(
    ServerReflection,
    createRouterTransport((router) => void routes(router)),
  );
  return async (...requests) => (await collect(client.serverReflectionInfo(each(requests)))).map(readable);
}

/** Asks on a stream of its own. */
export function responsesOf(
  routes: (router: ConnectRouter) => void,
  ...requests: Request[]
): Promise<ServerReflectionResponse[]> {
  const client = createClient(ServerReflection, createRouterTransport(routes));
  return collect(client.serverReflectionInfo(each(requests)));
}
