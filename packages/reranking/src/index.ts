export { CrossEncoder } from "./cross-encoder.ts";
export type { CrossEncoderParts, RankedDocument, ScoreOptions, TextPair } from "./cross-encoder.ts";
export { loadCrossEncoder, saveCrossEncoder } from "./load.ts";
export type { LoadedCrossEncoder, LoadOptions } from "./load.ts";
