import type { DescService } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, it } from "vitest";
import { cornerProtos, registryOf, serviceIn } from "../../test/support/corner-protos.js";
import {
  askerOf,
  extension,
  file,
  list,
  notFound,
  numbers,
  responsesOf,
  symbol,
} from "../../test/support/reflection.js";
import { reflectionRoutes } from "./index.js";

// What corner/v1/three.proto imports of them.
const wellKnown = ["any", "duration", "field_mask", "struct", "timestamp", "wrappers"].map(
  (name) => `google/protobuf/${name}.proto`,
);

let corner: DescService;

beforeAll(async () => {
  corner = serviceIn(await registryOf(cornerProtos), "corner.v1.CornerService");
});

describe("an answer", () => {
  it("has the file first, then what it depends on, the nearest first", async () => {
    expect(await askerOf(reflectionRoutes([corner]))(file("corner/v1/three.proto"))).toEqual([
      ["corner/v1/three.proto", "corner/v1/umbrella.proto", ...wellKnown, "corner/v1/shared.proto"],
    ]);
  });

  it("has each file once for each stream, but always the one that was asked for", async () => {
    const ask = askerOf(reflectionRoutes([corner]));
    const asked = [
      file("corner/v1/umbrella.proto"),
      symbol("corner.v1.Three"),
      file("corner/v1/umbrella.proto"),
      symbol("corner.v1.Shared.text"),
    ];
    const [umbrella, three, again, shared] = await ask(...asked);
    expect(umbrella).toEqual(["corner/v1/umbrella.proto", "corner/v1/shared.proto"]);
    expect(three).toEqual(["corner/v1/three.proto", ...wellKnown]);
    expect([again, shared]).toEqual([["corner/v1/umbrella.proto"], ["corner/v1/shared.proto"]]);
    expect(await ask(...asked)).toEqual([umbrella, three, again, shared]);
  });

  it("has files of options that nothing else depends on", async () => {
    expect(await askerOf(reflectionRoutes([corner]))(symbol("corner.v1.Next"))).toEqual([
      ["corner/v1/next.proto", "corner/v1/options.proto", "google/protobuf/descriptor.proto"],
    ]);
  });

  it("tells extensions by number, and the numbers that there are", async () => {
    const ask = askerOf(reflectionRoutes([corner]));
    const asked = [numbers("corner.v1.Two"), numbers("corner.v1.Three")];
    expect(await ask(...asked, extension("google.protobuf.FieldOptions", 50002))).toEqual([
      { "corner.v1.Two": [101, 102, 150, 151, 199] },
      { "corner.v1.Three": [] },
      ["corner/v1/options.proto", "google/protobuf/descriptor.proto"],
    ]);
  });

  it("knows more files with the option for it, without listing their services", async () => {
    const apart = (await registryOf(cornerProtos)).getFile("corner/v1/apart.proto");
    const ask = askerOf(reflectionRoutes([corner], { files: apart === undefined ? [] : [apart] }));
    const asked = [list, file("corner/v1/two.proto"), extension("corner.v1.Two", 300)];
    expect((await ask(...asked, symbol("corner.v1.ApartService"))).toSpliced(1, 1)).toEqual([
      ["corner.v1.CornerService"],
      ["corner/v1/apart.proto"],
      ["corner/v1/apart.proto"],
    ]);
  });

  it("is an error for what there is not, and the stream goes on", async () => {
    const asked = [
      file("no.proto"),
      symbol("no.v1.Thing"),
      extension("corner.v1.Two", 1),
      numbers("no.v1.Thing"),
      file(""),
      file("root.proto"),
    ];
    expect(await askerOf(reflectionRoutes([corner]))(...asked)).toEqual([
      notFound(`file "no.proto"`),
      notFound(`symbol "no.v1.Thing"`),
      notFound(`extension 1 of "corner.v1.Two"`),
      notFound(`type "no.v1.Thing"`),
      notFound(`file ""`),
      notFound(`file "root.proto"`),
    ]);
  });

  it("repeats no more than a bounded part of what was asked for in its error, on one line", async () => {
    const [answer] = await askerOf(reflectionRoutes([corner]))(symbol(`\n${"a".repeat(1_000_000)}`));
    expect(answer).toEqual(notFound(`symbol "\\n${"a".repeat(199)}…[cut from 1000001]"`));
  });

  it("names the host and the request that it is for", async () => {
    const request = { host: "example.com", ...symbol("no") };
    const [response] = await responsesOf(reflectionRoutes([corner]), request);
    expect(response).toMatchObject({
      validHost: "example.com",
      originalRequest: { host: "example.com", ...symbol("no") },
    });
  });
});
