import { matchers } from "connect-clue/vitest";
import { expect } from "vitest";

expect.extend(matchers);
