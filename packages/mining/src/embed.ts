// From texts to vectors, through the cache where there is one. The embedder decides how; here it is decided what has to be encoded at all.

import { expectFiniteVectors } from "@attune/search";
import { memoryCorpus, type Corpus } from "./corpus.ts";
import { openEmbeddingCache, type CacheKey, type CacheOptions, type EmbeddingCache } from "./embedding-cache.ts";
import type { TaskVectors } from "./miner.ts";
import type { MiningTask } from "./task.ts";
import { memoryVectors, type VectorSource } from "./vectors.ts";

/** What encodes: texts in, vectors [n D] out, in input order. A text's vector must not depend on the others. */
export interface Embedder {
  /** D */
  readonly dimension: number;
  encode(texts: readonly string[], options: EmbedderOptions): Promise<Float32Array>;
}

export interface EmbedderOptions {
  readonly side: "query" | "document";
  /** Put before every text; "" for none. */
  readonly prompt: string;
  readonly signal?: AbortSignal;
}

export interface EmbedOptions {
  /** Put before queries whose row has no prompt of its own, and before documents. */
  readonly prompts?: { readonly query?: string; readonly document?: string };
  /** Where vectors are kept between runs; in memory, and only for this one, without it. */
  readonly cache?: CacheOptions & Pick<CacheKey, "model" | "stored">;
  readonly signal?: AbortSignal;
  onProgress?(progress: EmbedProgress): void;
}

export interface EmbedProgress {
  readonly side: "query" | "document";
  /** Texts whose vectors are there, those of the cache included. */
  readonly done: number;
  readonly total: number;
  /** Of those done, how many were encoded now. */
  readonly encoded: number;
}

/** Embeddings of a task's queries and documents. E_NON_FINITE for NaN, which is never cached; what the embedder and the files throw. */
export async function embedTask(task: MiningTask, embedder: Embedder, options: EmbedOptions = {}): Promise<TaskVectors> {
  return {
    queries: await embedQueries(task, embedder, options),
    documents: await embedCorpus(task.corpus, embedder, { ...options, side: "document", prompt: options.prompts?.document ?? "" }),
  };
}

/** Queries with the same prompt are encoded together. */
async function embedQueries({ queries }: MiningTask, embedder: Embedder, options: EmbedOptions): Promise<Float32Array> {
  const { dimension } = embedder;
  const vectors = new Float32Array(queries.length * dimension); // [Q D]
  for (const [prompt, group] of Map.groupBy(queries.keys(), (i) => queries[i].row.prompt ?? options.prompts?.query ?? "")) {
    const texts = memoryCorpus(group.map((i) => queries[i].text));
    const source = await embedCorpus(texts, embedder, { ...options, side: "query", prompt });
    const found = await source.read(0, source.rows);
    group.forEach((query, i) => vectors.set(found.subarray(i * dimension, (i + 1) * dimension), query * dimension));
  }
  return vectors;
}

type CorpusOptions = EmbedOptions & EmbedderOptions;

/** Vectors of a corpus [N D]: in memory, or in the cache, from where they are read in ranges. */
export async function embedCorpus(corpus: Corpus, embedder: Embedder, options: CorpusOptions): Promise<VectorSource> {
  return embedThrough(await cacheOf(embedder, options), { corpus, embedder, options });
}

/** The cache of the options, opened, if they have one. */
export async function cacheOf({ dimension }: Embedder, { cache, prompt }: CorpusOptions): Promise<EmbeddingCache | undefined> {
  if (!cache) return undefined;
  const { model, stored, ...where } = cache;
  return openEmbeddingCache({ model, prompt, dimension, stored }, where);
}

interface EmbedInput {
  readonly corpus: Corpus;
  readonly embedder: Embedder;
  readonly options: CorpusOptions;
}

/** As `embedCorpus`, with a cache that is open already. */
export async function embedThrough(cache: EmbeddingCache | undefined, { corpus, embedder, options }: EmbedInput): Promise<VectorSource> {
  const { dimension } = embedder;
  if (cache) return embedIntoCache(corpus, embedder, cache, options);
  const vectors = new Float32Array(corpus.size * dimension);
  let done = 0;
  for await (const texts of corpus.stream()) {
    vectors.set(await encodeFinite(embedder, texts, options), done * dimension);
    done += texts.length;
    options.onProgress?.({ side: options.side, done, total: corpus.size, encoded: done });
  }
  return memoryVectors(vectors, dimension);
}

/** Encodes what the cache lacks, a shard for each piece of the corpus or less, so that a killed run loses one shard at most. */
async function embedIntoCache(corpus: Corpus, embedder: Embedder, cache: EmbeddingCache, options: CorpusOptions): Promise<VectorSource> {
  const places = new Float64Array(corpus.size); // [N]
  let [done, encoded] = [0, 0];
  for await (const texts of corpus.stream()) {
    const missing = [...new Set(texts)].filter((text) => cache.find(text) === undefined);
    for (const part of byLength(missing)) await cache.add(part, await encodeFinite(embedder, part, options));
    for (const text of texts) places[done++] = cache.find(text)!;
    encoded += missing.length;
    options.onProgress?.({ side: options.side, done, total: corpus.size, encoded });
  }
  return {
    rows: corpus.size,
    dimension: embedder.dimension,
    read: (start, count) => cache.read(places.subarray(start, start + count)),
    gather: (rows) => cache.read(Float64Array.from(rows, (row) => places[row])),
  };
}

/** Characters of a shard: some tens of seconds of work for a small model on two cores, and enough batches to keep a fast device busy. */
const CHARACTERS = 1 << 19;

/** Texts in their order, in parts of about as many characters. */
function* byLength(texts: readonly string[]): Generator<string[]> {
  let [part, characters]: [string[], number] = [[], 0];
  for (const text of texts) {
    part.push(text);
    characters += text.length;
    if (characters < CHARACTERS) continue;
    yield part;
    [part, characters] = [[], 0];
  }
  if (part.length > 0) yield part;
}

async function encodeFinite(
  embedder: Embedder,
  texts: readonly string[],
  { side, prompt, signal }: EmbedderOptions,
): Promise<Float32Array> {
  signal?.throwIfAborted();
  const vectors = await embedder.encode(texts, { side, prompt, signal });
  expectFiniteVectors(vectors, texts);
  return vectors;
}
