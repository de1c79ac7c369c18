import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { isEmpty } from "./text-map.js";
import { decodeEntries, encodeEntries, isEntry, metadataNumber } from "./unknown-field.js";

/** What a message carries of its context: a propagator's keys and values. */
export type Metadata = Readonly<Record<string, string>>;

/** Where the messages of one type carry their trace metadata. */
export interface Carrier {
  /** The metadata as it came, unchecked; undefined when there is none. */
  read(message: Message): Readonly<Record<string, unknown>> | undefined;
  /** A copy of the message with this metadata, and no other. */
  write(message: Message, metadata: Metadata): Message;
  /** The message itself, or, when it has metadata of a former journey, a copy without. */
  clear(message: Message): Message;
}

/** `field`: a field of the schema. `unknown-field`: where the schema has none, the same bytes as an unknown field. */
export type CarrierKind = "field" | "unknown-field";

/**
 * The carrier of a message type: a field named `trace_metadata` of type `map<string, string>`, as Clue and Goa have
 * it, or the bytes of one. Undefined where the type can carry none.
 */
export function carrierOf(desc: DescMessage, kind: CarrierKind): Carrier | undefined {
  const field = desc.fields.find((candidate) => candidate.name === "trace_metadata");
  if (field !== undefined && isStringMap(field)) return new FieldCarrier(field.localName);
  return kind === "unknown-field" && isFree(desc, metadataNumber) ? unknownFieldCarrier : undefined;
}

/** The carriers of a method's messages. */
export interface Carriers {
  readonly request: Carrier | undefined;
  readonly response: Carrier | undefined;
}

/** Finds the carriers of methods, once for each. */
export function carriersOf(kind: CarrierKind): (method: DescMethod) => Carriers {
  const cache = new WeakMap<DescMethod, Carriers>();
  return (method) => {
    let carriers = cache.get(method);
    if (carriers === undefined) {
      carriers = { request: carrierOf(method.input, kind), response: carrierOf(method.output, kind) };
      cache.set(method, carriers);
    }
    return carriers;
  };
}

class FieldCarrier implements Carrier {
  constructor(private readonly name: string) {}

  read(message: Message): Readonly<Record<string, unknown>> | undefined {
    const map = this.mapOf(message);
    return isEmpty(map) ? undefined : map;
  }

  write(message: Message, metadata: Metadata): Message {
    const copy = shallowCopy(message) as Message & Record<string, unknown>;
    copy[this.name] = metadata;
    return copy;
  }

  clear(message: Message): Message {
    return isEmpty(this.mapOf(message)) ? message : this.write(message, {});
  }

  private mapOf(message: Message): Readonly<Record<string, unknown>> {
    const map = (message as Message & Readonly<Record<string, unknown>>)[this.name];
    return typeof map === "object" && map !== null ? (map as Record<string, unknown>) : {};
  }
}

/** Binary codecs write unknown fields after the known ones; JSON leaves them out. */
const unknownFieldCarrier: Carrier = {
  read(message) {
    return message.$unknown?.some(isEntry) ? decodeEntries(message.$unknown.filter(isEntry)) : undefined;
  },
  write(message, metadata) {
    const copy = shallowCopy(message);
    const others = message.$unknown?.filter((field) => !isEntry(field)) ?? [];
    copy.$unknown = [...others, ...encodeEntries(metadata)];
    return copy;
  },
  clear(message) {
    return message.$unknown?.some(isEntry) ? unknownFieldCarrier.write(message, {}) : message;
  },
};

function isStringMap(field: DescField): boolean {
  return (
    field.fieldKind === "map" &&
    field.mapKind === "scalar" &&
    field.mapKey === ScalarType.STRING &&
    field.scalar === ScalarType.STRING
  );
}

/** Whether the schema leaves a number alone: it is no field's, no extension may have it, and it is not reserved. */
function isFree(desc: DescMessage, number: number): boolean {
  const { field, extensionRange, reservedRange } = desc.proto;
  const holds = ({ start, end }: { readonly start: number; readonly end: number }) =>
    number >= start && number < end;
  return (
    !field.some((candidate) => candidate.number === number) &&
    !extensionRange.some(holds) &&
    !reservedRange.some(holds)
  );
}

/** Messages of proto2 and editions have their defaults on the prototype: a copy keeps it. */
function shallowCopy(message: Message): Message {
  const prototype: object | null = Object.getPrototypeOf(message);
  return prototype === Object.prototype
    ? { ...message }
    : Object.assign(Object.create(prototype) as Message, message);
}
