import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** What a file or a message defines. */
export interface Scope {
  /** What full names within begin with: empty, or with a dot at its end. */
  readonly prefix: string;
  readonly messageType: readonly DescriptorProto[];
  readonly enumType: readonly EnumDescriptorProto[];
  readonly extension: readonly FieldDescriptorProto[];
  readonly service: readonly ServiceDescriptorProto[];
}

/** The file's own scope, and that of each message in it. */
export function scopesOf(file: FileDescriptorProto): Scope[] {
  const { messageType, enumType, extension, service } = file;
  const prefix = file.package === "" ? "" : `${file.package}.`;
  const scopes: Scope[] = [{ prefix, messageType, enumType, extension, service }];
  // The loop sees what it adds.
  for (const outer of scopes) {
    for (const { name, nestedType, enumType, extension } of outer.messageType) {
      scopes.push({
        prefix: `${outer.prefix}${name}.`,
        messageType: nestedType,
        enumType,
        extension,
        service: [],
      });
    }
  }
  return scopes;
}

/** The full names of all that a scope defines, with the fields, oneofs, values and methods of it. */
export function* namesIn({ prefix, messageType, enumType, extension, service }: Scope): Generator<string> {
  for (const message of messageType) {
    yield* withMembers(prefix, message, [...message.field, ...message.oneofDecl]);
  }
  for (const type of enumType) {
    yield* withMembers(prefix, type, type.value);
    // By the rules of protobuf, values are beside their enum. People look for them within.
    for (const { name } of type.value) yield `${prefix}${name}`;
  }
  for (const { name } of extension) yield `${prefix}${name}`;
  for (const each of service) yield* withMembers(prefix, each, each.method);
}

interface Named {
  readonly name: string;
}

function* withMembers(prefix: string, owner: Named, members: readonly Named[]): Generator<string> {
  yield `${prefix}${owner.name}`;
  for (const { name } of members) yield `${prefix}${owner.name}.${name}`;
}
