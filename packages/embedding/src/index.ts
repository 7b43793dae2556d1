export { encode } from "./encode.ts";
export type { EncodeOptions } from "./encode.ts";
export { loadEmbeddingModel, saveEmbeddingModel } from "./load.ts";
export type { LoadedModel, LoadOptions } from "./load.ts";
export { EmbeddingModel } from "./model.ts";
export type { ModelParts, Side } from "./model.ts";
