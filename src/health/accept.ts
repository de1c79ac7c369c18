/**
 * Which of some media types a client would rather have.
 *
 * @param accept - its `Accept` header (RFC 9110, section 12.5.1); empty for none. Parameters but `q` are ignored
 * @param offers - what there is, in lower case. The first one wins a draw, and where the client accepts none
 */
export function preferredType<T extends string>(accept: string, offers: readonly [T, ...T[]]): T {
  const ranges = mediaRanges(accept);
  const weights = offers.map((offer) => weightOf(offer, ranges));
  return offers[weights.indexOf(Math.max(...weights))] ?? offers[0];
}

// The weight of each range: `text/xml`, `text/*` or the one for everything.
type MediaRanges = ReadonlyMap<string, number>;

function mediaRanges(accept: string): MediaRanges {
  const ranges = new Map<string, number>();
  for (const text of accept.toLowerCase().replace(quoted, "").split(",")) {
    const [range = "", ...parameters] = text.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (qvalue.test(weight)) ranges.set(range, Number(weight));
  }
  return ranges;
}

/** The range that says most of a type counts. */
function weightOf(type: string, ranges: MediaRanges): number {
  return ranges.get(type) ?? ranges.get(type.replace(/\/.*/, "/*")) ?? ranges.get("*/*") ?? 0;
}

/** A quoted parameter may hold commas. One that does not end goes to the end, so that the time stays linear. */
const quoted = /"(?:[^"\\]|\\.)*"?/g;

const qvalue = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;
