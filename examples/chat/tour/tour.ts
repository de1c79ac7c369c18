import type { Guest } from "./guest.js";
import type { ServerProcess } from "./server-process.js";

/** What a chapter of the tour is given. */
export interface Tour {
  readonly server: ServerProcess;
  readonly guest: Guest;
}
