// Mined negatives as rows for training, in every form that trainers read.

import type { Mined, MiningResult } from "./mine.ts";
import type { MiningTask } from "./task.ts";

/** The forms of mined rows, as FlagEmbedding and sentence-transformers name them. */
export const minedFormats = ["flagembedding", "triplet", "n-tuple", "labeled-pair", "labeled-list"] as const;

export type MinedFormat = (typeof minedFormats)[number];

export interface RecordOptions {
  readonly format?: MinedFormat;
  /** Adds scores, or replaces labels by them. On for `flagembedding`, else off, unless said otherwise. */
  readonly scores?: boolean;
}

/** A line of the output. */
export type MinedRecord = Readonly<Record<string, unknown>>;

/** One query with all its texts. */
interface Example {
  readonly query: Mined;
  readonly task: MiningTask;
  readonly negatives: readonly string[];
  readonly scores: boolean;
  readonly asked: number;
}

/**
 * The rows of a result, in order. `flagembedding`: one per query, also without negatives, with id, prompt and type of the query's first row.
 * `triplet`: one per positive and negative. `n-tuple`: one per positive, unless there are fewer negatives than asked for, since its columns are
 * fixed. `labeled-pair`: one per positive and one per negative. `labeled-list`: one per positive with all negatives, unless there are none.
 */
export async function* minedRecords(
  { task, mined, report }: MiningResult,
  { format = "flagembedding", scores = format === "flagembedding" }: RecordOptions = {},
): AsyncGenerator<MinedRecord> {
  for (let start = 0; start < mined.length; start += QUERIES) {
    const piece = mined.slice(start, start + QUERIES);
    const texts = await task.corpus.texts(piece.flatMap(({ negatives }) => negatives.map(({ document }) => document)));
    let next = 0;
    for (const query of piece) {
      const negatives = texts.slice(next, (next += query.negatives.length));
      yield* forms[format]({ query, task, negatives, scores, asked: report.asked });
    }
  }
}

/** Queries whose texts are fetched together. */
const QUERIES = 512;

const forms: Readonly<Record<MinedFormat, (example: Example) => MinedRecord[]>> = {
  flagembedding({ query, task, negatives, scores }) {
    const { text, positives, row } = task.queries[query.query];
    return [
      {
        ...(row.id !== undefined && { id: row.id }),
        query: text,
        pos: positives.map((positive) => positive.text),
        neg: negatives,
        ...(scores && { pos_scores: positives.map((_, i) => round(query.positiveScores[i])), neg_scores: negativeScores(query) }),
        ...(row.prompt !== undefined && { prompt: row.prompt }),
        ...(row.type !== undefined && { type: row.type }),
      },
    ];
  },

  triplet: (example) =>
    perPositive(example, (base, positiveScore) =>
      example.negatives.map((negative, i) => ({
        ...base,
        negative,
        ...(example.scores && { scores: [positiveScore, negativeScores(example.query)[i]] }),
      })),
    ),

  "n-tuple": (example) =>
    example.negatives.length < example.asked
      ? []
      : perPositive(example, (base, positiveScore) => [
          {
            ...base,
            ...Object.fromEntries(example.negatives.map((negative, i) => [`negative_${i + 1}`, negative])),
            ...(example.scores && { scores: [positiveScore, ...negativeScores(example.query)] }),
          },
        ]),

  "labeled-pair"({ query, task, negatives, scores }) {
    const { text, positives } = task.queries[query.query];
    const row = (positive: string, label: number, score: number): MinedRecord =>
      scores ? { query: text, positive, score } : { query: text, positive, label };
    return [
      ...positives.map((positive, i) => row(positive.text, 1, round(query.positiveScores[i]))),
      ...negatives.map((negative, i) => row(negative, 0, round(query.negatives[i].score))),
    ];
  },

  "labeled-list": (example) =>
    example.negatives.length === 0
      ? []
      : perPositive(example, ({ query, positive }, positiveScore) => [
          {
            query,
            positive: [positive, ...example.negatives],
            ...(example.scores
              ? { scores: [positiveScore, ...negativeScores(example.query)] }
              : { labels: [1, ...example.negatives.map(() => 0)] }),
          },
        ]),
};

function perPositive(
  { query, task }: Example,
  rows: (base: { query: string; positive: string }, positiveScore: number) => MinedRecord[],
): MinedRecord[] {
  const { text, positives } = task.queries[query.query];
  return positives.flatMap((positive, i) => rows({ query: text, positive: positive.text }, round(query.positiveScores[i])));
}

function negativeScores({ negatives }: Mined): number[] {
  return negatives.map(({ score }) => round(score));
}

/** A 32-bit float with the digits that it has. */
function round(score: number): number {
  return Number(score.toPrecision(7));
}
