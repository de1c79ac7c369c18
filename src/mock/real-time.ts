/**
 * The time and the timers of the process, as they were when this was loaded: a test that stops the time waits in
 * real time nevertheless.
 */
export const real: Pick<typeof globalThis, TimeName> = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  // Only Node has it: a browser must not fail for want of it.
  setImmediate: globalThis.setImmediate,
};

type TimeName = "Date" | "setTimeout" | "clearTimeout" | "setInterval" | "clearInterval" | "setImmediate";
