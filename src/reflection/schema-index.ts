import type { DescFile, DescService } from "@bufbuild/protobuf";
import { namesIn, scopesOf } from "./scopes.js";

/**
 * Finds files by what they define. It reads the descriptors as they go over the wire, where map entries and the oneofs of
 * optional fields are messages and oneofs like others.
 *
 * Of two files with one name the first counts, and of two definitions with one name as well.
 */
export class SchemaIndex {
  /** The full names of the services that are listed, sorted. */
  readonly services: readonly string[];
  private readonly files = new Map<string, DescFile>();
  private readonly symbols = new Map<string, DescFile>();
  /** By the full name of the extended message, then by number. */
  private readonly extensions = new Map<string, Map<number, DescFile>>();

  /**
   * @param services - those to list; their files, and all that those import, can be found
   * @param files - more files that can be found, with all that they import
   */
  constructor(services: readonly DescService[], files: readonly DescFile[]) {
    this.services = [...new Set(services.map(({ typeName }) => typeName))].sort();
    const queue = [...services.map(({ file }) => file), ...files];
    // The loop sees what it adds.
    for (const file of queue) {
      if (this.files.has(file.proto.name)) continue;
      this.files.set(file.proto.name, file);
      this.add(file);
      for (const dependency of file.dependencies) queue.push(dependency);
    }
  }

  /**
   * A file by its name.
   *
   * @param name - as others import it: `chat/v1/chat.proto`
   */
  file(name: string): DescFile | undefined {
    return this.files.get(name);
  }

  /**
   * The file that defines a service, method, message, enum, enum value, field, oneof or extension.
   *
   * @param name - the full name, without a leading dot. That of an enum value may be within its enum or beside it
   */
  fileOfSymbol(name: string): DescFile | undefined {
    return this.symbols.get(name);
  }

  /**
   * The file that defines an extension.
   *
   * @param type - the full name of the extended message, without a leading dot
   */
  fileOfExtension(type: string, number: number): DescFile | undefined {
    return this.extensions.get(type)?.get(number);
  }

  /**
   * The numbers of all extensions of a message, sorted; undefined when its name is not known.
   *
   * @param type - the full name, without a leading dot
   */
  extensionNumbers(type: string): number[] | undefined {
    const numbers = this.extensions.get(type);
    if (numbers !== undefined) return [...numbers.keys()].sort((a, b) => a - b);
    return this.symbols.has(type) ? [] : undefined;
  }

  private add(file: DescFile): void {
    for (const scope of scopesOf(file.proto)) {
      for (const name of namesIn(scope)) setOnce(this.symbols, name, file);
      for (const { extendee, number } of scope.extension) {
        const type = extendee.replace(/^\./, "");
        const numbers = this.extensions.get(type) ?? new Map<number, DescFile>();
        this.extensions.set(type, numbers);
        setOnce(numbers, number, file);
      }
    }
  }
}

function setOnce<K>(map: Map<K, DescFile>, key: K, file: DescFile): void {
  if (!map.has(key)) map.set(key, file);
}
