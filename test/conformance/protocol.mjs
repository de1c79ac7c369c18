// What the conformance server and client share: messages on pipes, and the suite's headers, errors and payloads.
import { create, createRegistry } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import * as service from "./gen/connectrpc/conformance/v1/service_pb.js";

/** The types that travel as Any, in JSON as well. */
export const registry = createRegistry(service.file_connectrpc_conformance_v1_service);

/** Cuts a stream of bytes into messages: each is preceded by its size, 4 bytes, big-endian. */
export async function* readMessages(stream) {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const end = 4 + rest.readUInt32BE();
      yield rest.subarray(4, end);
      rest = rest.subarray(end);
    }
  }
}

/** Writes one message, preceded by its size. */
export function writeMessage(stream, bytes) {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  stream.write(Buffer.concat([size, bytes]));
}

/** Adds the suite's headers to `Headers`. */
export function addHeaders(target, headers) {
  for (const { name, value } of headers) {
    for (const each of value) target.append(name, each);
  }
}

/** The suite's headers, of `Headers`. */
export function headersOf(headers) {
  return [...headers].map(([name, value]) => create(service.HeaderSchema, { name, value: [value] }));
}

/** The error that the suite asks a handler to throw. */
export function errorToThrow({ code, message = "", details }) {
  return new ConnectError(
    message,
    code,
    undefined,
    details.map((any) => {
      const value = anyUnpack(any, registry);
      if (value === undefined) throw new Error(`unknown detail: ${any.typeUrl}`);
      return { desc: registry.getMessage(value.$typeName), value };
    }),
  );
}

/** The error that a client got, as the suite wants it reported. */
export function errorToReport({ code, rawMessage, details }) {
  return create(service.ErrorSchema, {
    code,
    message: rawMessage,
    details: details.map((detail) =>
      "desc" in detail
        ? anyPack(detail.desc, create(detail.desc, detail.value))
        : { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value },
    ),
  });
}

export function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
