// The options of the index as types, apart from the index itself: where usearch could not be installed, what the package declares must still compile.

import type { CommonIndexOptions } from "@attune/search";

export interface UsearchOptions extends CommonIndexOptions {
  /** Numbers of a stored vector. */
  stored?: "f32" | "f16" | "i8" | "binary";
  /** Links of a vector to others. */
  connectivity?: number;
  expansionAdd?: number;
  expansionSearch?: number;
  /** While building. */
  addThreads?: number;
}

/** With defaults filled in. */
export type ResolvedUsearchOptions = Required<Omit<UsearchOptions, "dimension">> & Pick<UsearchOptions, "dimension">;
