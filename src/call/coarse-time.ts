import { shared } from "./shared.js";

/**
 * The clock of `performance.now()`, at most a tick ago, as {@link CoarseClock} keeps it: reading it costs nothing. Undefined
 * while nobody lets that clock tick.
 */
export const coarseTime: { now: number | undefined } = shared("coarse time", () => ({ now: undefined }));
