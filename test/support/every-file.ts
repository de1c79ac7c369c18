import { afterEach } from "vitest";

// Vitest's set-up of every test file: notes the CPU time of the file for the report at the end of the run.

const before = process.cpuUsage();

afterEach(({ task }) => {
  const { user, system } = process.cpuUsage(before);
  task.file.meta.cpuMs = (user + system) / 1000;
});
