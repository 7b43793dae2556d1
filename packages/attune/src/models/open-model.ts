// An embedding model as a command asks for it: found or downloaded, loaded, with its limit of tokens and perhaps a memory for token ids.

import { EmbeddingModel, loadEmbeddingModel } from "@attune/embedding";
import type { LoadedModel } from "@attune/embedding";
import { openTokenCache } from "@attune/tokenization";
import { plural } from "../report/numbers.ts";
import type { Runtime } from "../runtime.ts";
import { splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import { resolveModel } from "./resolve-model.ts";

/** The settings that say which model, and how it reads texts where that is not as its folder says. */
export interface ModelRequest {
  readonly model: string;
  readonly maxLength?: number | undefined;
  readonly pooling?: PluginChoice<"pooling"> | undefined;
  readonly addBos?: boolean | undefined;
  readonly addEos?: boolean | undefined;
  /** Folder that keeps the ids of texts. */
  readonly tokenCache?: string | undefined;
}

export interface OpenedModel extends LoadedModel {
  /** What names the same model later and from anywhere. */
  readonly reference: string;
}

/** Loads the model that the settings name. Errors of `resolveModel`, `loadEmbeddingModel` and, for the pooling, of the registry. */
export async function openModel(request: ModelRequest, runtime: Runtime): Promise<OpenedModel> {
  const { model, maxLength, tokenCache, pooling, addBos, addEos } = request;
  const { folder, reference } = await resolveModel(model, runtime);
  const { context, engine, families, poolingNamed } = runtime;
  const [pooled, options] = pooling === undefined ? [] : splitChoice(pooling);
  const loaded = await loadEmbeddingModel(context, folder, {
    engine,
    families,
    ...(maxLength !== undefined && { maxLength }),
    poolingNamed,
    ...(pooled !== undefined && { pooling: await context.registry.create("pooling", pooled, options, context) }),
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
