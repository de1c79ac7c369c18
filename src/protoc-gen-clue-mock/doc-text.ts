import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";

/**
 * The text of a doc comment: what is generated, then what the schema says about what it is generated from.
 *
 * @param summary - the first line
 */
export function docText(summary: string, desc: DescService | DescMethod): string {
  const { leading = "", trailing = "" } = getComments(desc);
  const tags = isDeprecated(desc) ? "@deprecated" : "";
  return [summary, plainText(leading), plainText(trailing), tags].filter((part) => part !== "").join("\n\n");
}

/** A comment as a compiler hands it over has the space that stands behind `//`, and empty lines around it. */
function plainText(comment: string): string {
  return comment
    .replace(/^\s*\n/, "")
    .replace(/^ /gm, "")
    .trimEnd();
}

function isDeprecated(desc: DescService | DescMethod): boolean {
  return desc.deprecated || (desc.kind === "service" && desc.file.deprecated);
}
