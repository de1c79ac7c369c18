/**
 * An element of XML.
 *
 * @param name - becomes a name that every parser takes: each character but ASCII letters, digits, `.`, `-` and `_` turns
 *   into `_`, and a `_` goes before a first one that is no letter
 * @param content - a text, which is escaped, or the elements within
 */
export function element(name: string, content: string | readonly XmlElement[]): XmlElement {
  const tag = xmlName(name);
  const inner = typeof content === "string" ? escaped(content) : content.map(({ xml }) => xml).join("");
  return { xml: `<${tag}>${inner}</${tag}>` };
}

/** An element as it is written: a type of its own, so that no text is taken for one. */
export interface XmlElement {
  readonly xml: string;
}

function xmlName(text: string): string {
  const name = text.replace(/[^\w.-]/gu, "_");
  return /^[a-z_]/i.test(name) ? name : `_${name}`;
}

/** What XML can't hold at all becomes U+FFFD, half surrogate pairs included. */
function escaped(text: string): string {
  return text.replace(notOfXml, "\ufffd").replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** XML 1.0, section 2.2. */
const notOfXml = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
