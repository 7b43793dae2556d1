// What a finding means and what to do about it, in sentences.

import type { Finding } from "@attune/data";
import { plural } from "../report/numbers.ts";

interface Advice {
  /** With the number in it. */
  said(count: number): string;
  readonly advised: string;
}

const advice: Readonly<Record<Finding["kind"], Advice>> = {
  "bad-row": {
    said: (n) => `${plural(n, "row")} cannot be used`,
    advised: "mend them, or train with --skip-bad-rows",
  },
  duplicate: {
    said: (n) => `${plural(n, "pair comes", "pairs come")} again, letter by letter`,
    advised: "remove the repetitions, unless they are meant as weights",
  },
  "near-duplicate": {
    said: (n) => `${plural(n, "pair comes", "pairs come")} again but for case, space or letter forms`,
    advised: "keep one of each",
  },
  "conflicting-label": {
    said: (n) => `${plural(n, "pair has", "pairs have")} two different labels`,
    advised: "decide which label is right: a loss cannot satisfy both",
  },
  "positive-and-negative": {
    said: (n) => `${plural(n, "text is", "texts are")} both a positive and a negative of the same anchor`,
    advised: "remove them from the negatives",
  },
  "anchor-is-positive": {
    said: (n) => `${plural(n, "anchor is", "anchors are")} the same text as the positive`,
    advised: "remove these rows: there is nothing to learn from them",
  },
  "anchor-is-negative": {
    said: (n) => `${plural(n, "anchor is", "anchors are")} among the row's own negatives`,
    advised: "remove it from the negatives; attune leaves it out of the loss",
  },
  "unknown-id": {
    said: (n) => `${plural(n, "judgement names", "judgements name")} a query or document that is not in the folder`,
    advised: "remove these lines, or add the missing texts: attune eval refuses them",
  },
  leak: {
    said: (n) => `${plural(n, "question is", "questions are")} in an evaluation split and in train`,
    advised: "remove them from train: scores on them say nothing about new questions",
  },
  "empty-text": {
    said: (n) => `${plural(n, "document has", "documents have")} no text`,
    advised: "remove them from the corpus",
  },
  "duplicate-document": {
    said: (n) => `${plural(n, "document has", "documents have")} the text of another one`,
    advised: "judge both, or keep one: finding the other counts as wrong",
  },
  "unused-document": {
    said: (n) => `${plural(n, "document is", "documents are")} judged in no split`,
    advised: "a corpus has distractors, so there is nothing to do",
  },
  "unused-query": {
    said: (n) => `${plural(n, "query has", "queries have")} no judgement`,
    advised: "nothing to do, unless a qrels file is missing",
  },
};

/** Findings that are worth knowing and no problem. */
const harmless: ReadonlySet<Finding["kind"]> = new Set(["unused-document", "unused-query"]);

/** A finding as a person reads it. */
export interface Told {
  readonly problem: boolean;
  readonly sentence: string;
  readonly advised: string;
}

/** The sentence of a finding, and what to do. */
export function tell({ kind, count }: Finding): Told {
  return { problem: !harmless.has(kind), sentence: advice[kind].said(count), advised: advice[kind].advised };
}
