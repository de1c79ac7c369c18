import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import type { MessageWriter } from "./message-writer.js";
import type { Properties } from "./value-writers.js";

/** Writes a `google.protobuf.Any`: what it holds, or only its type and size where that cannot be read. */
export function writeAny(to: MessageWriter, { typeUrl, value }: Properties): true {
  if (typeof typeUrl !== "string" || !(value instanceof Uint8Array)) {
    to.invalid();
    return true;
  }
  to.begin();
  if (typeUrl !== "" || value.length > 0) writeContent(to, typeUrl, value);
  to.end();
  return true;
}

function writeContent(to: MessageWriter, typeUrl: string, value: Uint8Array): void {
  to.key('"@type":');
  to.json.string(typeUrl);
  const desc = to.typeOf(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
  const message = desc && unpacked(to, desc, value);
  if (desc !== undefined && message !== undefined) {
    to.embedded(desc, message);
  } else {
    to.key('"value":');
    to.packed(value.length);
  }
}

function unpacked(to: MessageWriter, desc: DescMessage, value: Uint8Array): Message | undefined {
  if (!to.mayUnpack(value.length)) return undefined;
  try {
    return fromBinary(desc, value);
  } catch {
    return undefined;
  }
}
