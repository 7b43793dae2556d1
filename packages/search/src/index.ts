export { bm25Builder, bm25Run, createBm25 } from "./bm25.ts";
export type { Bm25, Bm25Builder, Bm25Hit, Bm25Options, SearchTexts } from "./bm25.ts";
export { commonIndexOptions, createIndex } from "./create-index.ts";
export type { IndexParts } from "./create-index.ts";
export { createExactIndex, exactIndexPlugin } from "./exact-index.ts";
export type { ExactIndexOptions } from "./exact-index.ts";
export { exactSearch } from "./exact-search.ts";
export type { Neighbours, SearchOptions } from "./exact-search.ts";
export { expectFiniteScores, expectFiniteVectors } from "./finite.ts";
export { float16Values, toFloat16 } from "./float16.ts";
export { createIdMap } from "./id-map.ts";
export type { IdMap } from "./id-map.ts";
export { acceptsBy, emptyHits } from "./index-store.ts";
export type { IndexStore, SavedContent, SavedFiles, StoreRequest } from "./index-store.ts";
export { readRows, writeRows } from "./rows-file.ts";
export type { Rows, StoredVectors } from "./rows-file.ts";
export { indexChoice, searchBy, searchPartsBy } from "./search-by.ts";
export type { IndexChoice, NeighbourSearch, PartSearch, RowSource } from "./search-by.ts";
export { cjkBigramTokens, tokenizers, wordTokens } from "./tokenizers.ts";
export { NO_ID } from "./vector-index.ts";
export type {
  CommonIndexOptions,
  Filter,
  Hits,
  IndexCapabilities,
  IndexOptions,
  IndexSearchOptions,
  Metric,
  VectorIndex,
} from "./vector-index.ts";
export type { PairScorer, TextPair } from "./pair-scorer.ts";
export { normalizeRows } from "./unit-rows.ts";
export { WideMap, WideSet } from "./wide-map.ts";
