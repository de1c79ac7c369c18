/** Messages at random whose secret values bear marks. */
import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
  ScalarType,
  setExtension,
} from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { type Draw, madeTypes } from "./random-schema.js";

/** What tells a secret in a text, whichever way it is written there: as itself, in base64, in hex or byte by byte. */
export const secretMarks: readonly string[] = ["ZQX", "77377", "WlFY", "5a5158", "90,81,88"];

/** How messages are made. */
export interface RandomMessages {
  readonly draw: Draw;
  readonly registry: Registry;
  /** Whether the values of a field are secret. */
  readonly isSecret: (field: DescField | DescExtension) => boolean;
}

/** Makes messages of any type. No value that is not secret bears a mark. */
export class MessageMaker {
  private depth = 0;

  constructor(private readonly options: RandomMessages) {}

  message(desc: DescMessage, secret = false): Message {
    this.depth++;
    const message = this.wellKnown(desc, secret) ?? this.plain(desc, secret);
    this.depth--;
    return message;
  }

  private plain(desc: DescMessage, secret: boolean): Message {
    const init: Record<string, unknown> = {};
    for (const field of desc.fields) {
      const isRequired = field.presence === 3;
      const deep = field.message !== undefined && this.depth > 3;
      if (!isRequired && (deep || this.draw(fc.nat, 3) === 0)) continue;
      const value = this.value(field, secret || this.options.isSecret(field));
      if (field.oneof === undefined) init[field.localName] = value;
      else init[field.oneof.localName] = { case: field.localName, value };
    }
    const message = create(desc, init);
    for (const extension of this.extensionsOf(desc)) {
      if (this.depth > 3 || this.draw(fc.boolean)) continue;
      setExtension(message, extension, this.value(extension, secret || this.options.isSecret(extension)));
    }
    return message;
  }

  private value(field: DescField | DescExtension, secret: boolean): unknown {
    const one = () => this.single(field, secret);
    if (field.fieldKind === "list") return this.some(one);
    if (field.fieldKind !== "map") return one();
    return Object.fromEntries(this.some(one).map((value) => [this.mapKey(field.mapKey, secret), value]));
  }

  private some<T>(make: () => T): T[] {
    return Array.from({ length: this.draw(fc.nat, 3) }, make);
  }

  private single(field: DescField | DescExtension, secret: boolean): unknown {
    if (field.scalar !== undefined) return this.scalar(field.scalar, secret);
    if (field.enum !== undefined) return this.draw(fc.constantFrom, 0, 1, 2);
    const { message } = field;
    const isOwn = field.fieldKind === "message" && field.oneof === undefined;
    const [value] = message.fields;
    if (
      message.typeName.endsWith("Value") &&
      value?.scalar !== undefined &&
      value.name === "value" &&
      isOwn
    ) {
      return this.scalar(value.scalar, secret);
    }
    return message.typeName === "google.protobuf.Struct"
      ? this.jsonObject(secret)
      : this.message(message, secret);
  }

  private wellKnown(desc: DescMessage, secret: boolean): Message | undefined {
    switch (desc.typeName) {
      case "google.protobuf.Any":
        return this.any(secret);
      case "google.protobuf.Timestamp":
        return create(desc, { seconds: this.seconds(secret), nanos: this.draw(fc.nat, 999_999_999) });
      case "google.protobuf.Duration": {
        const nanos = this.draw(fc.constantFrom, 0, 5, 5000, 120_000_000);
        const sign = this.draw(fc.constantFrom, 1, -1);
        return create(desc, { seconds: BigInt(sign) * this.seconds(secret), nanos: sign * nanos });
      }
      case "google.protobuf.FieldMask":
        return create(desc, {
          paths: this.some(() => (secret ? "zqx_zqx.z" : this.draw(fc.constantFrom, "a_b.c", "d"))),
        });
      case "google.protobuf.Value":
        return create(desc, { kind: this.valueKind(secret) });
      default:
        return undefined;
    }
  }

  private any(secret: boolean): Message {
    const { draw, registry } = this.options;
    const type = draw(
      fc.constantFrom,
      ...madeTypes,
      "google.protobuf.Duration",
      "google.protobuf.StringValue",
    );
    const desc = registry.getMessage(type);
    if (desc === undefined) throw new Error(`there is no ${type}`);
    return anyPack(desc, this.message(desc, secret)) as Any;
  }

  private valueKind(secret: boolean): unknown {
    const deepest = this.depth > 3 ? 3 : 5;
    switch (this.draw(fc.nat, deepest)) {
      case 0:
        return { case: "nullValue", value: 0 };
      case 1:
        return { case: "numberValue", value: this.scalar(ScalarType.INT32, secret) };
      case 2:
        return { case: "stringValue", value: this.scalar(ScalarType.STRING, secret) };
      case 3:
        return { case: "boolValue", value: this.draw(fc.boolean) };
      case 4:
        return {
          case: "listValue",
          value: { values: this.some(() => this.message(this.typeOf("Value"), secret)) },
        };
      default:
        return { case: "structValue", value: { fields: { a: this.message(this.typeOf("Value"), secret) } } };
    }
  }

  private jsonObject(secret: boolean): object {
    const text = () => this.scalar(ScalarType.STRING, secret);
    return { s: text(), n: [this.scalar(ScalarType.INT32, secret), null, true, { deep: text() }] };
  }

  private seconds(secret: boolean): bigint {
    return secret ? 77377n : BigInt(this.draw(fc.nat, 70_000));
  }

  private mapKey(type: ScalarType, secret: boolean): string {
    if (type === ScalarType.BOOL) return `${this.draw(fc.boolean)}`;
    const text = this.scalar(type, secret);
    return `${text}` === "__proto__" ? "proto" : `${text}`;
  }

  private scalar(type: ScalarType, secret: boolean): unknown {
    switch (type) {
      case ScalarType.STRING:
        return secret ? `ZQX${this.text()}` : this.text();
      case ScalarType.BYTES:
        return new Uint8Array([
          ...(secret ? [90, 81, 88] : []),
          ...this.draw(fc.uint8Array, { maxLength: 9, max: 80 }),
        ]);
      case ScalarType.BOOL:
        return this.draw(fc.boolean);
      case ScalarType.INT64:
      case ScalarType.UINT64:
      case ScalarType.FIXED64:
      case ScalarType.SFIXED64:
      case ScalarType.SINT64:
        return secret ? 7_737_700_000_000n : BigInt(this.draw(fc.nat, 70_000));
      case ScalarType.FLOAT:
      case ScalarType.DOUBLE:
        return secret
          ? 77_377
          : this.draw(fc.constantFrom, 0, -0, 0.5, -1e30, Number.NaN, Number.POSITIVE_INFINITY);
      default:
        return secret ? 77_377 : this.draw(fc.nat, 70_000);
    }
  }

  private text(): string {
    return this.draw(fc.string, { unit: "binary", maxLength: 12 }).replace(/[A-Z0-9]/g, "_");
  }

  private *extensionsOf({ typeName }: DescMessage): Iterable<DescExtension> {
    for (const type of this.options.registry) {
      if (type.kind === "extension" && type.extendee.typeName === typeName) yield type;
    }
  }

  private typeOf(name: string): DescMessage {
    const desc = this.options.registry.getMessage(`google.protobuf.${name}`);
    if (desc === undefined) throw new Error(`there is no ${name}`);
    return desc;
  }

  private get draw(): Draw {
    return this.options.draw;
  }
}
