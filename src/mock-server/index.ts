export type { TestContext } from "../mock/test-end.js";
export { type ServableMock, type ServedMock, type ServeMockOptions, serveMock } from "./serve-mock.js";
