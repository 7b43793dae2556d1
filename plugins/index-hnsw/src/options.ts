// The options of the index as types, apart from the index itself: without hnswlib-node, what the package declares must still compile.

import type { CommonIndexOptions } from "@attune/search";

export interface HnswOptions extends CommonIndexOptions {
  /** Links of a vector to others. */
  m?: number;
  /** Candidates while building: more is slower and finds more. */
  efConstruction?: number;
  /** Candidates while searching. */
  efSearch?: number;
  seed?: number;
}

/** With defaults filled in. */
export type ResolvedHnswOptions = Required<Pick<HnswOptions, "metric" | "m" | "efConstruction" | "efSearch" | "seed">> &
  Pick<HnswOptions, "dimension">;
