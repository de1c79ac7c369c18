import { docCommands } from "./doc-commands.mjs";
import { runWith, withProject } from "./npm.mjs";

/** Packages of the docs beside those of the install commands, by the lines that they are for. */
const others = {
  today: [
    [
      "@opentelemetry/exporter-trace-otlp-grpc@0.301",
      "@opentelemetry/exporter-metrics-otlp-grpc@0.301",
      "@opentelemetry/otlp-grpc-exporter-base@0.301",
    ],
    ["@opentelemetry/exporter-prometheus@0.301"],
    ["@opentelemetry/propagator-b3@3"],
  ],
  sdk2: [
    [
      "@opentelemetry/exporter-trace-otlp-grpc@0.223",
      "@opentelemetry/exporter-metrics-otlp-grpc@0.223",
      "@opentelemetry/otlp-grpc-exporter-base@0.223",
    ],
    ["@opentelemetry/exporter-prometheus@0.223"],
    ["@opentelemetry/propagator-b3@2"],
  ],
  each: [["@sinonjs/fake-timers@15"], ["@bufbuild/protoplugin"]],
};

/**
 * Resolves subsets of a line's packages, in several orders and steps, without installing them. Where npm fails, it has
 * to fail without connect-clue as well.
 *
 * @param {{ node: string, npm: string, name: string, tarball: string, count: number, seed: number }} options
 * @returns {Promise<{ total: number, foreign: number }>} how many were tried, and how many fail for others' reasons
 */
export async function testMatrix({ node, npm, name, tarball, count, seed }) {
  const units = unitsOf(name);
  const random = randomNumbers(seed);
  let foreign = 0;
  for (let i = 0; i < count; i++) {
    const steps = stepsOf(units, random);
    const fault = await resolve(node, npm, tarball, steps);
    if (fault === undefined) continue;
    const withoutKit = steps.map((step) => step.flatMap((spec) => (spec === "connect-clue" ? [] : [spec])));
    if ((await resolve(node, npm, tarball, withoutKit)) === undefined)
      throw new Error(`${steps.map((step) => `npm install ${step.join(" ")}`).join(" && ")}:\n${fault}`);
    foreign++;
  }
  return { total: count, foreign };
}

/** What is installed together or not at all. */
function unitsOf(name) {
  const single = (docCommands("README.md").get(name) ?? []).map((spec) => [spec]);
  const telemetry = docCommands("docs/telemetry.md").get(name) ?? [];
  const exporters = telemetry.filter((spec) => spec.includes("/exporter-"));
  const sdk = telemetry.filter((spec) => !exporters.includes(spec));
  return [...single, sdk, exporters, ...others[name === "today" ? "today" : "sdk2"], ...others.each];
}

/** Some of the packages, connect-clue among them, in some order, in one to three commands. */
function stepsOf(units, random) {
  const chosen = units.filter(([spec]) => spec === "connect-clue" || random() < 0.6).flat();
  const shuffled = chosen
    .map((spec) => ({ spec, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ spec }) => spec);
  const steps = Array.from({ length: 1 + Math.floor(random() * 3) }, () => []);
  for (const spec of shuffled) steps[Math.floor(random() * steps.length)].push(spec);
  return steps.filter((step) => step.length > 0);
}

/** What npm says when it fails, or undefined. */
function resolve(node, npm, tarball, steps) {
  return withProject((folder) => {
    for (const step of steps.filter((each) => each.length > 0)) {
      const packages = step.map((spec) => (spec === "connect-clue" ? tarball : spec));
      const args = ["install", "--package-lock-only", "--no-audit", "--no-fund", ...packages];
      const { status, output } = runWith(node, folder, npm, ...args);
      if (status !== 0 || /ERESOLVE|connect-clue.*install-scripts/.test(output)) return output;
    }
    return undefined;
  });
}

/** The same numbers in each run (mulberry32). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
