import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { differsUnseen, messageText } from "./message-text.js";

describe("messages that differ, and have the same text", () => {
  const long = messageText(StringValueSchema, create(StringValueSchema, { value: "x".repeat(1000) }));

  it.each([
    ['{"password":"[redacted]"}', "a field with debug_redact"],
    [long, "what was cut"],
    [`{"password":"[redacted]",${long}`, "a field with debug_redact, or what was cut"],
    ["{}", "unknown fields, or extensions, or the content of an Any"],
  ])("%.40s: say where that may be", (text, places) => {
    expect(differsUnseen(text)).toBe(`it differs in what is not shown: ${places}`);
  });
});
