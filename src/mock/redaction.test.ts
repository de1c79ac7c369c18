import type { DescService, Message } from "@bufbuild/protobuf";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  MethodDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { createMock, type ServiceMock } from "connect-clue/mock";
import { describe, expect, it } from "vitest";
import { buildProtos, serviceIn } from "../../test/support/corner-protos.js";
import { problemOf } from "../../test/support/problems.js";

const service = await accountService();

describe("fields with debug_redact", () => {
  it("don't stand in errors of calls that were not expected", async () => {
    const mock = createMock(service);
    await expect(get(mock, { name: "Ann", password: "p4ss" })).rejects.toThrow(
      'unexpected call of get({"name":"Ann","password":"[redacted]"})',
    );
  });

  it("don't stand in errors of scripts, which say that they may differ in these", async () => {
    const mock = createMock(service);
    mock.add("get").expect({ name: "Ann", password: "p4ss" });
    expect(await problemOf(() => get(mock, { name: "Ann", password: "0ther" }))).toBe(
      "ConnectError: [internal] mock of secrets.v1.Accounts: the script of get, added at" +
        ' <add("get")>, has no answer: end it with send(…), fail(…) or never()',
    );
    mock.add("get").expect({ name: "Ann", password: "p4ss" }).send({});
    expect(await problemOf(() => get(mock, { name: "Ann", password: "0ther" }))).toBe(
      "ConnectError: [internal] mock of secrets.v1.Accounts: unexpected message:" +
        ' get, step 1 of 2, added at <add("get")>: expect {"name":"Ann","password":"[redacted]"}' +
        '\n  received: {"name":"Ann","password":"[redacted]"}' +
        " (it differs in what is not shown: a field with debug_redact)",
    );
  });

  it("don't stand in errors of mocked objects: of a message these show the type", () => {
    const mock = createMock<{ save(id: string, more: object): void }>();
    const message = create(service.methods[0]?.input ?? expect.fail(), { password: "p4ss" } as never);
    expect(() => mock.object.save("a", { message })).toThrow(
      'unexpected call of save("a", {"message":{"$typeName":"secrets.v1.Account"}})',
    );
  });

  it("don't stand in recorded calls", async (t) => {
    const mock = createMock(service, { test: t });
    mock.add("get", () => ({ name: "Ann", key: new Uint8Array([80, 52]) }));
    await get(mock, { name: "Ann", password: "p4ss" });
    expect(String(mock.calls()[0])).toBe(
      'secrets.v1.Accounts/Get\n  ← {"name":"Ann","password":"[redacted]"}' +
        '\n  → {"name":"Ann","key":"[redacted]"}\n  → end',
    );
  });
});

/** Gets an account: the client of a service that is not generated has no types. */
async function get(mock: ServiceMock<DescService>, account: object): Promise<Message> {
  const { get } = mock.client() as unknown as Record<"get", (request: object) => Promise<Message>>;
  return get(account);
}

/** A service of accounts, which have secrets. */
async function accountService(): Promise<DescService> {
  const file = await buildProtos("test/secret-protos");
  const type = ".secrets.v1.Account";
  const method = [create(MethodDescriptorProtoSchema, { name: "Get", inputType: type, outputType: type })];
  file
    .find(({ name }) => name === "secrets/v1/account.proto")
    ?.service.push(create(ServiceDescriptorProtoSchema, { name: "Accounts", method }));
  return serviceIn(createFileRegistry(create(FileDescriptorSetSchema, { file })), "secrets.v1.Accounts");
}
