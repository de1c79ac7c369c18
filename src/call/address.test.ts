import { describe, expect, it } from "vitest";
import { type Address, addressOf, peerAddress } from "./address.js";

describe("the address in a URL", () => {
  it.each<[url: string, address: Address | undefined]>([
    ["http://example.com/chat.v1.ChatService/Say", { host: "example.com", port: 80 }],
    ["https://example.com/x", { host: "example.com", port: 443 }],
    ["https://example.com", { host: "example.com", port: 443 }],
    ["http://example.com:8080/x", { host: "example.com", port: 8080 }],
    ["HTTPS://Example.COM:443/x", { host: "example.com", port: 443 }],
    ["http://127.0.0.1:1/x", { host: "127.0.0.1", port: 1 }],
    ["http://[::1]:8080/x", { host: "::1", port: 8080 }],
    ["https://[2001:db8::1]/x", { host: "2001:db8::1", port: 443 }],
    ["http://user:secret@example.com/x", { host: "example.com", port: 80 }],
    ["http://example.com/a//b:1/x", { host: "example.com", port: 80 }],
    ["http://bücher.example/x", { host: "xn--bcher-kva.example", port: 80 }],
    ["dns://example.com/x", { host: "example.com", port: undefined }],
    ["unix:///tmp/socket", undefined],
    ["/chat.v1.ChatService/Say", undefined],
    ["//example.com/x", undefined],
    ["http://", undefined],
    ["http://a b/x", undefined],
    ["http://example.com:99999/x", undefined],
    ["", undefined],
  ])("%s", (url, address) => {
    expect(addressOf(url)).toEqual(address);
    expect(addressOf(url)).toEqual(address);
  });

  it("is parsed once for each origin, as long as there are few of them", () => {
    const first = addressOf("http://first.example/x");
    expect(addressOf("http://first.example/y?z")).toBe(first);
    for (let i = 0; i < 1000; i++) addressOf(`http://host-${i}.example/x`);
    expect(addressOf("http://first.example/x")).not.toBe(first);
    expect(addressOf("http://first.example/x")).toEqual(first);
  });
});

it.each<[peer: string, address: Address]>([
  ["127.0.0.1:5000", { host: "127.0.0.1", port: 5000 }],
  ["[::1]:5000", { host: "::1", port: 5000 }],
  ["[::1]", { host: "::1", port: undefined }],
  ["[::ffff:10.0.0.1]:80", { host: "::ffff:10.0.0.1", port: 80 }],
  ["example.com", { host: "example.com", port: undefined }],
])("the address of the peer %s", (peer, address) => {
  expect(peerAddress(peer)).toEqual(address);
});
