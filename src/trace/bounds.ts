/**
 * What is read of the metadata that a peer sends; anything beyond it is ignored as a whole. Composite propagators write
 * ten entries or so.
 */
export const maxEntries = 32;

/** What W3C Baggage lets a peer send, in characters. */
export const maxValueLength = 8192;
