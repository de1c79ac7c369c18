import { unexpected } from "../call/options.js";

/** The server as a whole. */
export const whole = "";
/** Another name of the server as a whole. */
export const readiness = "readiness";
/** The process, which no dependency matters to. */
export const liveness = "liveness";

/** The one name of a service that has several. */
export function keyOf(service: string): string {
  return service === readiness ? whole : service;
}

/** @throws TypeError when it is no text */
export function checkService(argument: string, service: string): void {
  if (typeof service !== "string") throw unexpected(argument, "the full name of a service", service);
}

/**
 * The keys of services.
 *
 * @throws TypeError when they are no texts
 */
export function keysOf(argument: string, services: Iterable<string>): readonly string[] {
  const isList = typeof services === "object" && services !== null && Symbol.iterator in services;
  const names = isList ? [...services] : [];
  if (!isList || !names.every((name) => typeof name === "string")) {
    throw unexpected(argument, "names of services", services);
  }
  return names.map(keyOf);
}
