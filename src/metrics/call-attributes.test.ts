import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { Side } from "../call/types.js";
import { CallAttributes } from "./call-attributes.js";

const method = { "rpc.method": "test.Service/Method" };

const url = "https://example.com/test.Service/Method";

describe("the attributes of a call's duration", () => {
  it("are made once for each target and code", () => {
    const attributes = new CallAttributes("client", method);
    const first = attributes.of(url, Code.NotFound);
    expect(first).toEqual({
      ...method,
      "server.address": "example.com",
      "server.port": 443,
      "rpc.status_code": "not_found",
      "error.type": "not_found",
    });
    expect(attributes.of(url, Code.NotFound)).toBe(first);
    expect(attributes.of("https://example.com:443/other", Code.NotFound)).toBe(first);
    expect(attributes.of(url, Code.Aborted)).not.toBe(first);
    expect(attributes.of("http://example.com/", Code.NotFound)).not.toBe(first);
  });

  it.each<[string, object]>([
    ["http://10.0.0.1:8080/x", { "server.address": "10.0.0.1", "server.port": 8080 }],
    ["http://[2001:db8::1]/x", { "server.address": "2001:db8::1", "server.port": 80 }],
    ["unix://sock/x", { "server.address": "sock" }],
    ["no url", {}],
  ])("of a client name the server as its URL does: %s", (url, target) => {
    expect(new CallAttributes("client", method).of(url, undefined)).toEqual({ ...method, ...target });
  });

  it("of a server do not name it", () => {
    expect(new CallAttributes("server", method).of(url, undefined)).toEqual(method);
  });

  it("have an error's type for all failures on clients, and for the server's own faults on servers", () => {
    const codes = Object.values(Code).filter((code) => typeof code === "number");
    const errors = (side: Side) => {
      const attributes = new CallAttributes(side, {});
      return codes.map((code) => attributes.of(url, code)["error.type"]).filter((type) => type);
    };
    expect(errors("client").length).toBe(16);
    expect(errors("server")).toEqual([
      "unknown",
      "deadline_exceeded",
      "unimplemented",
      "internal",
      "unavailable",
      "data_loss",
    ]);
  });

  it("are bounded: a code that is none is unknown, and targets beyond the first are not told", () => {
    const ofServer = new CallAttributes("server", method);
    const unknown = ofServer.of(url, 99 as Code);
    expect(unknown).toEqual({ ...method, "rpc.status_code": "unknown", "error.type": "unknown" });
    expect(ofServer.of(url, 1e9 as Code)).toBe(unknown);

    const attributes = new CallAttributes("client", method);
    const told = new Set<unknown>();
    for (let i = 0; i < 300; i++) {
      told.add(attributes.of(`http://host${i}/x`, undefined)["server.address"]);
    }
    expect(told.size).toBe(101);
    expect(told.has(undefined)).toBe(true);
    expect(attributes.of("http://host0/x", undefined)["server.address"]).toBe("host0");
  });
});
