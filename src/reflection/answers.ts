import type { DescFile } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerReflectionRequest } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import type { ServerReflectionRequest as ServerReflectionRequestV1Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { cut } from "../call/cut.js";
import { fileWithDependencies } from "./file-bytes.js";
import type { SchemaIndex } from "./schema-index.js";

/** A request of either version: they differ by their package alone. */
export type ReflectionRequest = ServerReflectionRequest | ServerReflectionRequestV1Alpha;

/** What both versions of the response are made of. */
export interface ReflectionResponse<R extends ReflectionRequest> {
  readonly validHost: string;
  readonly originalRequest: R;
  readonly messageResponse: Answer;
}

type Answer =
  | {
      readonly case: "fileDescriptorResponse";
      readonly value: { readonly fileDescriptorProto: Uint8Array[] };
    }
  | {
      readonly case: "allExtensionNumbersResponse";
      readonly value: { readonly baseTypeName: string; readonly extensionNumber: number[] };
    }
  | {
      readonly case: "listServicesResponse";
      readonly value: { readonly service: { readonly name: string }[] };
    }
  | {
      readonly case: "errorResponse";
      readonly value: { readonly errorCode: Code; readonly errorMessage: string };
    };

/**
 * Answers the requests of one stream, each before the next is read.
 *
 * @param requests - as pairs, the way `receive` reads them
 * @param schema - the schema as it is at the time of a request
 * @throws ConnectError with `invalid_argument` when a request asks for nothing that there is. What is asked for and not
 * found is an answer: the stream goes on
 */
export async function* answers<R extends ReflectionRequest>(
  requests: AsyncIterable<readonly [unknown, R]>,
  schema: () => SchemaIndex,
): AsyncGenerator<ReflectionResponse<R>, void, undefined> {
  const sent = new Set<string>();
  for await (const [, request] of requests) {
    yield {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answer(request.messageRequest, schema(), sent),
    };
  }
}

function answer(asked: ReflectionRequest["messageRequest"], schema: SchemaIndex, sent: Set<string>): Answer {
  switch (asked.case) {
    case "fileByFilename":
      return files(schema.file(asked.value), `file ${quoted(asked.value)}`);
    case "fileContainingSymbol":
      return files(schema.fileOfSymbol(asked.value), `symbol ${quoted(asked.value)}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value;
      const file = schema.fileOfExtension(containingType, extensionNumber);
      return files(file, `extension ${extensionNumber} of ${quoted(containingType)}`);
    }
    case "allExtensionNumbersOfType": {
      const numbers = schema.extensionNumbers(asked.value);
      if (numbers === undefined) return notFound(`type ${quoted(asked.value)}`);
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: asked.value, extensionNumber: numbers },
      };
    }
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: schema.services.map((name) => ({ name })) },
      };
    case undefined:
      throw new ConnectError("the request does not say what it asks for", Code.InvalidArgument);
  }

  function files(file: DescFile | undefined, what: string): Answer {
    if (file === undefined) return notFound(what);
    return {
      case: "fileDescriptorResponse",
      value: { fileDescriptorProto: fileWithDependencies(file, schema, sent) },
    };
  }
}

function notFound(what: string): Answer {
  return { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage: `there is no ${what}` } };
}

/** What a stranger asked for, bounded and without line breaks. */
function quoted(text: string): string {
  return JSON.stringify(cut(text, 200));
}
