export { bytesPerEmbedding, calibrate, embeddingPrecisions, quantizeEmbeddings } from "./quantize.ts";
export type { EmbeddingPrecision, QuantizeOptions, Ranges } from "./quantize.ts";
export { quantizedSearch } from "./search.ts";
export type { QuantizedSearchOptions } from "./search.ts";
