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
