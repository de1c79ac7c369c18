const maxEntries = 1000;
const maxKeySize = 64;

/**
 * Remembers what a function made of short texts. The keys of log lines are few and come again with every line;
 * should they be many after all, then the memory is emptied, so it stays small.
 *
 * @param fn - always makes the same of the same text
 */
/* @__NO_SIDE_EFFECTS__ */
export function memoized(fn: (text: string) => string): (text: string) => string {
  const results = new Map<string, string>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = fn(text);
    if (results.size >= maxEntries) results.clear();
    if (text.length <= maxKeySize) results.set(text, result);
    return result;
  };
}
