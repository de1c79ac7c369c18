// What could end a line, steer a terminal, turn the direction of reading or is no character at all.
const unsafe = "\\p{Cc}\\p{Cs}\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff";
const unsafeCharacters = /* @__PURE__ */ new RegExp(`[${unsafe}]`, "gu");
const escaped = new RegExp(`["\\\\${unsafe}]`, "gu");
const notInKey = new RegExp(`[\\s="${unsafe}]`, "gu");
const quoted = new RegExp(`^$|[\\s="\\\\${unsafe}]`, "u");
const bare = /^[!#-<>-[\]-~]+$/;
const shortEscapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

/**
 * A key as logfmt can hold it: what would end or hide it becomes `_`.
 *
 * @param key - any text
 */
export function logfmtKey(key: string): string {
  return key.replace(notInKey, "_") || "_";
}

/**
 * A text as logfmt writes it, in quotes and escaped where that is needed.
 *
 * @param text - any text
 */
export function logfmtText(text: string): string {
  if (bare.test(text)) return text;
  return quoted.test(text) ? `"${text.replace(escaped, escapeCharacter)}"` : text;
}

/**
 * A text that can end no line and steer no terminal: what could is escaped, the rest is as it was. In JSON it may
 * stand for the text itself.
 *
 * @param text - any text
 */
export function safeText(text: string): string {
  return text.replace(unsafeCharacters, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return shortEscapes[character] ?? unicodeEscape(character);
}

/**
 * A character as `\uXXXX`.
 *
 * @param character - one UTF-16 unit
 */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
