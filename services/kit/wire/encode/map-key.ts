import { ScalarType } from "@bufbuild/protobuf";
import { UNUSUAL } from "./scalar.ts";

/** The key of a map, which is text in memory, as a value of its type. */
export function readKey(type: ScalarType, key: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return key;
    case ScalarType.BOOL:
      if (key === "true") return true;
      if (key === "false") return false;
      throw UNUSUAL;
    case ScalarType.INT64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt(key);
    default:
      return Number.parseInt(key, 10);
  }
}
