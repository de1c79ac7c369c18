import type { Figure } from "./figure.js";
import type { Table } from "./table.js";

/** How thorough a run is. */
export interface Settings {
  /** Samples of each variant. */
  readonly rounds: number;
  /** Only that everything works: the figures mean nothing. */
  readonly smoke: boolean;
}

/** What one benchmark found out. */
export interface BenchResult {
  /** All that was measured, as it was measured. */
  readonly samples: unknown;
  /** What stands in the table of goals. */
  readonly figures: readonly Figure[];
  /** The numbers that the figures were made of. */
  readonly details: readonly Table[];
}

/** One benchmark. */
export type Bench = (settings: Settings) => Promise<BenchResult>;
