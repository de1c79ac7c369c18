import { expect, it } from "vitest";
import { formatSize } from "./size.js";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1_048_550, "1.0 MiB"],
  [87_136_665n, "83.1 MiB"],
  [2n ** 62n, "4194304.0 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
