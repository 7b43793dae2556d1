// The kind "miner": where candidates come from. A miner ranks documents for queries and scores any pair on the same scale; what becomes a negative
// is decided by the selection.

import type { Bm25MinerOptions } from "./bm25-miner.ts";
import type { DenseMinerOptions } from "./dense-miner.ts";
import type { Pairs, Ranking } from "./ranking.ts";
import type { MiningTask } from "./task.ts";
import type { VectorSource } from "./vectors.ts";

declare module "@attune/core" {
  interface PluginKinds {
    miner: Miner;
  }
  interface PluginOptions {
    miner: MinerOptions;
  }
}

/** Miner name -> its options, as a user writes them; other packages may add theirs. */
export interface MinerOptions {
  dense: DenseMinerOptions;
  bm25: Bm25MinerOptions;
  union: DenseMinerOptions & Bm25MinerOptions;
}

/** Embeddings of a task. */
export interface TaskVectors {
  /** [Q D] In the order of the task's queries. */
  readonly queries: Float32Array;
  /** [N D] In the order of its corpus. */
  readonly documents: VectorSource;
}

export interface MinerInput {
  readonly task: MiningTask;
  /** Needed by miners that say so. */
  readonly vectors?: TaskVectors;
  readonly signal?: AbortSignal;
  /** Told how many documents were compared with all queries, where that is done in parts. */
  onProgress?(documents: number): void;
}

export interface Miner<Source extends CandidateSource = CandidateSource> {
  readonly name: string;
  readonly needsVectors: boolean;
  /** Gets ready for a task: builds what it searches in. */
  open(input: MinerInput): Promise<Source>;
}

export interface CandidateSource {
  /** The `depth` best documents of each query, or all of them where there are fewer. */
  rank(depth: number): Promise<Ranking>;
  /**
   * The same for `part` queries after the others, in their order, the last part perhaps smaller: asked for where the candidates of all queries are
   * too many to be in memory at once. A source without it is asked for all of them, and refused where these are too many.
   */
  rankParts?(depth: number, part: number): AsyncGenerator<Ranking>;
  /** Scores of any pairs, on the scale of `rank`. */
  score(pairs: Pairs): Promise<Float32Array>;
}

/** A source that can rank in parts. */
export type PartedSource = CandidateSource & Required<Pick<CandidateSource, "rankParts">>;
