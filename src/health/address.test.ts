import { describe, expect, it } from "vitest";
import { parseAddress } from "./address.js";

describe("parseAddress", () => {
  it.each([
    ["localhost:80", "localhost", 80],
    ["10.0.0.1:65535", "10.0.0.1", 65_535],
    ["search.prod.svc.cluster.local:8080", "search.prod.svc.cluster.local", 8080],
    ["chat_rooms:1", "chat_rooms", 1],
    ["[::1]:8080", "::1", 8080],
    ["[2001:DB8::1]:443", "2001:DB8::1", 443],
  ])("takes %s", (address, host, port) => {
    expect(parseAddress("a: address", address)).toEqual({ host, port });
  });

  it.each<unknown>([
    "localhost",
    "localhost:",
    ":80",
    "localhost:0",
    "localhost:65536",
    "localhost:http",
    "http://localhost:80",
    "user@localhost:80",
    "localhost:80/path",
    "::1:80",
    "[::1]",
    "[:::]:80",
    "[localhost]:80",
    "local host:80",
    "localhost:80\n",
    "",
    80,
    undefined,
  ])("refuses %j", (address) => {
    const got = typeof address === "string" ? JSON.stringify(address) : String(address);
    expect(() => parseAddress("a: address", address as string)).toThrow(
      new TypeError(`a: address: expected "host:port", with an IPv6 address in brackets, got ${got}`),
    );
  });
});
