import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A sample of a metric, as Prometheus stored it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/**
 * Starts the `prometheus` that is on the PATH, lets it scrape a target, and asks it for a metric. It ends with the test.
 *
 * @param target - `host:port` of what serves `/metrics`
 */
export async function scrapeWithPrometheus(target: string, metric: string): Promise<readonly Sample[]> {
  const dir = mkdtempSync(join(tmpdir(), "prometheus-"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "chat", static_configs: [{ targets: [target] }] }],
  };
  // YAML takes JSON.
  writeFileSync(join(dir, "prometheus.yml"), JSON.stringify(config));
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${dir}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: "ignore" },
  );
  onTestFinished(async () => {
    child.kill();
    await new Promise((resolve) => child.once("close", resolve));
    rmSync(dir, { recursive: true });
  });
  for (let attempt = 0; attempt < 150; attempt++) {
    const samples = await query(`http://${address}/api/v1/query?query=${metric}`);
    if (samples.length > 0) return samples;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Prometheus has no ${metric} of ${target}`);
}

async function query(url: string): Promise<readonly Sample[]> {
  try {
    const { data } = (await (await fetch(url)).json()) as QueryAnswer;
    return data.result.map(({ metric, value }) => ({ labels: metric, value: value[1] }));
  } catch {
    return [];
  }
}

interface QueryAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [time: number, value: string];
    }[];
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
