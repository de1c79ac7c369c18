/** How many texts a list shows. */
const most = 20;

/** A list of texts for an error: each one once, with how often it is there, and no more than 20 of them. */
export function numbered(texts: readonly string[]): string {
  const all = counted(texts);
  const rest = all.length > most ? [`\n  … and ${all.length - most} more`] : [];
  return [...all.slice(0, most).map(item), ...rest].join("");
}

/** Equal texts as one that tells how many there are, in the order of the first ones. */
export function counted(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} times: ${text}`));
}

function item(text: string, i: number): string {
  return `\n${i + 1}. ${text}`.replaceAll("\n", "\n  ");
}
