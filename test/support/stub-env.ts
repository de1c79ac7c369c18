import { onTestFinished, vi } from "vitest";

/** Sets variables of the environment for one test. */
export function stubEnv(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}
