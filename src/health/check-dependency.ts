import { check, needMethods } from "../call/check.js";
import { unexpected } from "../call/options.js";
import { liveness, readiness, whole } from "./service-names.js";
import type { Dependency } from "./types.js";

/**
 * Checks dependencies, of which no two may have one name.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkDependencies(option: string, dependencies: readonly Dependency[]): void {
  if (!Array.isArray(dependencies)) {
    throw unexpected(option, "an array of { name, ping(signal) }", dependencies);
  }
  const names = new Set<string>();
  for (const dependency of dependencies) {
    checkDependency(option, dependency);
    const { name } = dependency;
    if (names.has(name)) throw unexpected(`${option}: name`, "a name that no other dependency has", name);
    names.add(name);
  }
}

/**
 * Checks one dependency. It may be an object of the caller's own class: what else it has is its own business.
 *
 * @throws TypeError naming the option, what it got and what it accepts
 */
export function checkDependency(option: string, dependency: Dependency): void {
  needMethods(option, dependency, ["ping"]);
  const { name, services, critical } = dependency;
  if (typeof name !== "string" || name === "") {
    throw unexpected(`${option}: name`, "a text that is not empty", name);
  }
  check(`${option}: services`, services, "an array of full names of services", areServices);
  check(`${option}: critical`, critical, "true or false", (value) => typeof value === "boolean");
}

/** The server as a whole follows `critical`, and the process no dependency. */
function areServices(services: readonly unknown[]): boolean {
  return Array.isArray(services) && services.every(isService);
}

function isService(service: unknown): boolean {
  return typeof service === "string" && ![whole, readiness, liveness].includes(service);
}
