export type { TestContext } from "../mock/test-end.js";
export { type FakeClock, type FakeClockOptions, fakeClock } from "./fake-clock.js";
