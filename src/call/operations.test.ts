import { expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { isOperation } from "./operations.js";

it.each([
  ["grpc.health.v1.Health", true],
  ["grpc.reflection.v1.ServerReflection", true],
  ["grpc.reflection.v1alpha.ServerReflection", true],
  ["clue.debug.v1.DebugService", true],
  ["clue.debugger.v1.Service", false],
  ["my.grpc.health.v1.Health", false],
])("a method of %s is an operation of the process: %s", (typeName, expected) => {
  const method = { ...ChatService.method.say, parent: { ...ChatService, typeName } };
  expect(isOperation(method)).toBe(expected);
});
