import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionV1Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { property } from "../call/cut.js";
import { checkKnown, unexpected } from "../call/options.js";
import { receive } from "../context/index.js";
import { answers } from "./answers.js";
import { SchemaIndex } from "./schema-index.js";

/** Options of `reflectionRoutes`. */
export interface ReflectionOptions {
  /**
   * More files that can be asked for, with all that they import: those of extensions and custom options that no service's
   * file imports, types that only ever travel in an `Any`. Their services are not listed. Default: none.
   */
  readonly files?: readonly DescFile[];
}

/**
 * Serves gRPC server reflection, `grpc.reflection.v1` and `v1alpha`: clients without a schema learn which services there are
 * and what they look like.
 *
 * What can be asked for is what is in the files of the listed services, and in the files that those import. A file is always
 * sent whole, with whatever else it defines.
 *
 * @param services - those to list, and no others; or `"all"` for all that are on the router at the time of a request, these two
 * services of reflection among them
 * @returns routes for a router: `reflectionRoutes("all")(router)`
 * @throws TypeError when an argument or an option is not what it should be
 * @see https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
export function reflectionRoutes(
  services: readonly DescService[] | "all",
  options: ReflectionOptions = {},
): (router: ConnectRouter) => void {
  checkKnown("reflectionRoutes", options, ["files"]);
  const { files = [] } = options;
  if (services !== "all") checkDescriptors("services", services, "service", `"all" or an array of services`);
  checkDescriptors("files", files, "file", "an array of files");
  const more = [...files];
  const given = services === "all" ? undefined : schemaOf([...services], more);
  return (router) => {
    const schema = given ?? schemaOfRouter(router, more);
    router.service(ServerReflection, {
      serverReflectionInfo: (requests, context) => answers(receive(requests, context), schema),
    });
    router.service(ServerReflectionV1Alpha, {
      serverReflectionInfo: (requests, context) => answers(receive(requests, context), schema),
    });
  };
}

/** Made at the first request: a server that nobody asks pays nothing. */
function schemaOf(services: readonly DescService[], files: readonly DescFile[]): () => SchemaIndex {
  let index: SchemaIndex | undefined;
  return () => {
    index ??= new SchemaIndex(services, files);
    return index;
  };
}

/** Made again when there are more handlers than there were: a router only ever adds. */
function schemaOfRouter({ handlers }: ConnectRouter, files: readonly DescFile[]): () => SchemaIndex {
  let count = 0;
  let index: () => SchemaIndex;
  return () => {
    if (handlers.length !== count) {
      count = handlers.length;
      index = schemaOf(
        handlers.map(({ service }) => service),
        files,
      );
    }
    return index();
  };
}

function checkDescriptors(argument: string, list: unknown, kind: "service" | "file", accepts: string): void {
  const name = `reflectionRoutes: ${argument}`;
  if (!Array.isArray(list)) throw unexpected(name, accepts, list);
  list.forEach((item, n) => {
    if (property(item, "kind") !== kind) {
      throw unexpected(`${name}[${n}]`, `the descriptor of a ${kind}, as protoc-gen-es makes it`, item);
    }
  });
}
