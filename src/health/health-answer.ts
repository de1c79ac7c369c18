import type { HttpAnswer, HttpRequest } from "../call/http-handler.js";
import { preferredType } from "./accept.js";
import type { ServingStatus } from "./types.js";
import { element, type XmlElement } from "./xml.js";

/** What an answer says, by the names that it has in JSON. */
export interface HealthBody {
  readonly uptime: number;
  readonly version: string;
  /** `OK` or `NOT OK` by dependency. Left out where there is none. */
  readonly status?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly services?: Readonly<Record<string, ServingStatus>>;
  readonly dependencies?: readonly DependencyBody[];
}

/** What is told of a dependency. */
export interface DependencyBody {
  readonly name: string;
  readonly up: boolean;
  readonly critical: boolean;
  readonly latency_ms: number;
}

/** The answer to a request, in the form that its client prefers. */
export function healthAnswer(request: HttpRequest, isGood: boolean, body: HealthBody): HttpAnswer {
  const { accept = "" } = request.headers ?? {};
  const type = preferredType(String(accept), ["application/json", "application/xml", "text/xml"]);
  return {
    status: isGood ? 200 : 503,
    headers: { "content-type": type, "cache-control": "no-store", vary: "accept" },
    body: `${type === "application/json" ? JSON.stringify(body) : xmlOf(body)}\n`,
  };
}

function xmlOf({ uptime, version, status, ready, services, dependencies }: HealthBody): string {
  const children = [element("uptime", String(uptime)), element("version", version)];
  if (status !== undefined) children.push(element("status", childrenOf(status)));
  if (ready !== undefined) children.push(element("ready", String(ready)));
  if (services !== undefined) {
    const each = Object.entries(services).map(([name, status]) =>
      element("service", childrenOf({ name, status })),
    );
    children.push(element("services", each));
  }
  if (dependencies !== undefined) {
    const each = dependencies.map((dependency) => element("dependency", childrenOf(dependency)));
    children.push(element("dependencies", each));
  }
  return element("health", children).xml;
}

function childrenOf(fields: object): XmlElement[] {
  return Object.entries(fields).map(([name, value]) => element(name, String(value)));
}
