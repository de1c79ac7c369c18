import type { DescMethod } from "@bufbuild/protobuf";
import type { RpcKind } from "./types.js";

/** What every call of one method shares; computed once per descriptor. */
export interface MethodInfo {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly kind: RpcKind;
  readonly desc: DescMethod;
}

/** The cached constants of a method. */
export function methodInfo(desc: DescMethod): MethodInfo {
  let info = cache.get(desc);
  if (info === undefined) {
    const service = desc.parent.typeName;
    info = { service, method: desc.name, path: `${service}/${desc.name}`, kind: desc.methodKind, desc };
    cache.set(desc, info);
  }
  return info;
}

const cache = new WeakMap<DescMethod, MethodInfo>();
