import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { Properties } from "./value-writers.js";

/** Reads a field of a message; undefined where it is not set, as protobuf sees it. */
export type ReadField = (message: Properties) => unknown;

/** How to read a field. */
export function fieldReader(field: DescField): ReadField {
  const { localName } = field;
  if (field.oneof !== undefined) return oneofReader(field.oneof.localName, localName);
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) {
    // Default values stand in the prototype.
    return (message) => (Object.hasOwn(message, localName) ? message[localName] : undefined);
  }
  const isZero = zeroOf(field);
  return (message) => {
    const value = message[localName];
    return isZero(value) ? undefined : value;
  };
}

function oneofReader(group: string, name: string): ReadField {
  return (message) => {
    const chosen = message[group] as { readonly case?: unknown; readonly value?: unknown } | undefined;
    return chosen?.case === name ? chosen.value : undefined;
  };
}

function zeroOf(field: DescField): (value: unknown) => boolean {
  switch (field.fieldKind) {
    case "list":
      return (value) => Array.isArray(value) && value.length === 0;
    case "map":
      return isEmptyObject;
    case "enum": {
      const zero = field.enum.values[0]?.number;
      return (value) => value === zero;
    }
    default:
      return scalarZero(field.scalar);
  }
}

function scalarZero(type: ScalarType | undefined): (value: unknown) => boolean {
  switch (type) {
    case ScalarType.STRING:
      return (value) => value === "";
    case ScalarType.BOOL:
      return (value) => value === false;
    case ScalarType.BYTES:
      return (value) => value instanceof Uint8Array && value.length === 0;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      // -0 is sent, and so it is set.
      return (value) => Object.is(value, 0);
    default:
      return (value) => value === 0 || value === 0n || value === "0";
  }
}

/** It takes as long as there are keys: JavaScript has no way to have the first one alone. */
function isEmptyObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  for (const _ in value) return false;
  return true;
}
