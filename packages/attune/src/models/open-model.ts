// An embedding model as a command asks for it: found or downloaded, loaded, with its limit of tokens and perhaps a memory for token ids.

import { EmbeddingModel, loadEmbeddingModel } from "@attune/embedding";
import type { LoadedModel, LoadOptions } from "@attune/embedding";
import { openTokenCache } from "@attune/tokenization";
import { plural } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";
import { resolveModel } from "./resolve-model.ts";

type Overrides = Pick<LoadOptions, "pooling" | "addBos" | "addEos">;

/** What of a folder's own reading of texts is overridden. */
type TokenAndPoolingRequest = { readonly [K in keyof Overrides]?: Overrides[K] | undefined };

/** The settings that say which model, and how it reads texts. */
export interface ModelRequest extends TokenAndPoolingRequest {
  readonly model: string;
  readonly maxLength?: number | undefined;
  /** Folder that keeps the ids of texts. */
  readonly tokenCache?: string | undefined;
}

export interface OpenedModel extends LoadedModel {
  /** What names the same model later and from anywhere. */
  readonly reference: string;
}

/** Loads the model that the settings name. Errors of `resolveModel` and of `loadEmbeddingModel`. */
export async function openModel(request: ModelRequest, runtime: Runtime): Promise<OpenedModel> {
  const { model, maxLength, tokenCache, pooling, addBos, addEos } = request;
  const { folder, reference } = await resolveModel(model, runtime);
  const { context, engine, families } = runtime;
  const loaded = await loadEmbeddingModel(context, folder, {
    engine,
    families,
    ...(maxLength !== undefined && { maxLength }),
    ...(pooling !== undefined && { pooling }),
    ...(addBos !== undefined && { addBos }),
    ...(addEos !== undefined && { addEos }),
  });
  if (tokenCache === undefined) return { ...loaded, reference };
  return { ...loaded, reference, model: await withTokenCache(loaded.model, tokenCache, runtime) };
}

/** The same model, whose tokenizer remembers; what is new is written when the runtime ends. */
async function withTokenCache(model: EmbeddingModel, folder: string, { context, atEnd }: Runtime): Promise<EmbeddingModel> {
  const { files, log } = context;
  try {
    const cache = await openTokenCache(model.parts.tokenizer, { files, folder, log });
    atEnd(async () => {
      await cache.save();
      log.info(`token cache: ${plural(cache.known, "text")} from ${folder}, ${plural(cache.added, "new one")}`);
    });
    return new EmbeddingModel({ ...model.parts, tokenizer: cache.tokenizer });
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}
