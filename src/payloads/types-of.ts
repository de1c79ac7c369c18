import { createRegistry, type DescFile, type Registry } from "@bufbuild/protobuf";

/** All types that a file can speak of: its own, and those of all that it imports. */
export function typesOf(file: DescFile): Registry {
  let types = cache.get(file);
  if (types === undefined) {
    const files = new Set([file]);
    // The loop sees what it adds.
    for (const { dependencies } of files) for (const dependency of dependencies) files.add(dependency);
    types = createRegistry(...files);
    cache.set(file, types);
  }
  return types;
}

const cache = new WeakMap<DescFile, Registry>();
