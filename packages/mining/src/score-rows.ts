// A teacher's opinion of rows, for distillation: each text of a row scored against its anchor. Which teacher is the caller's choice.

import type { Row } from "@attune/data";
import { textOf } from "@attune/data";
import { memoryCorpus } from "./corpus.ts";
import { cacheOf, embedThrough, type Embedder, type EmbedOptions } from "./embed.ts";
import type { EmbeddingCache } from "./embedding-cache.ts";
import type { PairScorer } from "@attune/search";
import { dotRows, unitVectors, type VectorSource } from "./vectors.ts";

/** The rows with `positiveScores` and `negativeScores` of the scorer; scores that they had are replaced. */
export async function* scoreRows(rows: Iterable<Row>, score: PairScorer, signal?: AbortSignal): AsyncGenerator<Row> {
  for (const piece of pieces(rows)) {
    signal?.throwIfAborted();
    yield* await scorePiece(piece, score);
  }
}

/**
 * As `scoreRows`, with a scorer for each prompt of the rows. Rows keep their order; those of one prompt are scored together even where others lie
 * between them.
 */
export async function* scoreRowsByPrompt(
  rows: Iterable<Row>,
  scorerOf: (prompt: string | undefined) => PairScorer,
  signal?: AbortSignal,
): AsyncGenerator<Row> {
  for (const piece of pieces(rows)) {
    const scored: Row[] = [];
    for (const [prompt, places] of Map.groupBy(piece.keys(), (place) => piece[place].prompt)) {
      signal?.throwIfAborted();
      const some = await scorePiece(
        places.map((place) => piece[place]),
        scorerOf(prompt),
      );
      places.forEach((place, i) => (scored[place] = some[i]));
    }
    yield* scored;
  }
}

async function scorePiece(piece: readonly Row[], score: PairScorer): Promise<Row[]> {
  const pairs = piece.flatMap(({ anchor, positives, negatives }) =>
    [...positives, ...negatives].map((text) => ({ query: anchor, document: textOf(text) })),
  );
  const scores = Array.from(await score(pairs));
  let at = 0;
  return piece.map((row) => {
    const positiveScores = scores.slice(at, (at += row.positives.length));
    const negativeScores = scores.slice(at, (at += row.negatives.length));
    return { ...row, positiveScores, negativeScores };
  });
}

/**
 * A scorer by the similarity of embeddings (their cosine, unless told), each text embedded once per call, through the cache of the options where
 * there is one, which is opened once.
 */
export function embeddingScorer(
  embedder: Embedder,
  { similarity = "cosine", ...options }: EmbedOptions & { readonly similarity?: "cosine" | "dot" } = {},
): PairScorer {
  const { dimension } = embedder;
  const prepare = similarity === "cosine" ? unitVectors : (vectors: VectorSource): VectorSource => vectors;
  const caches: { [side in Side]?: Promise<EmbeddingCache | undefined> } = {};
  const embedSide = async (side: Side, texts: readonly string[]) => {
    const distinct = [...new Set(texts)];
    const settings = { ...options, side, prompt: options.prompts?.[side] ?? "" };
    const cache = await (caches[side] ??= cacheOf(embedder, settings));
    const source = prepare(await embedThrough(cache, { corpus: memoryCorpus(distinct), embedder, options: settings }));
    return { rowOf: new Map(distinct.map((text, row) => [text, row])), vectors: await source.read(0, source.rows) };
  };
  return async (pairs) => {
    const queries = await embedSide(
      "query",
      pairs.map(({ query }) => query),
    );
    const documents = await embedSide(
      "document",
      pairs.map(({ document }) => document),
    );
    return Float32Array.from(pairs, ({ query, document }) =>
      dotRows(queries.vectors, queries.rowOf.get(query)!, documents.vectors, documents.rowOf.get(document)!, dimension),
    );
  };
}

type Side = "query" | "document";

/** Rows that are scored together, so that a scorer can sort them by length. */
const ROWS = 512;

function* pieces(rows: Iterable<Row>): Generator<Row[]> {
  let piece: Row[] = [];
  for (const row of rows) {
    piece.push(row);
    if (piece.length < ROWS) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
