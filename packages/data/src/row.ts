// The one shape that every reader produces and every consumer of training data reads. It holds text only: no tokens, no tensors.

/** A text, with the id of its document where the data has one; `source` tells equal ids of several data sets apart. */
export type Text = string | { readonly id: string; readonly text: string; readonly source?: number };

/** One row of training data: an anchor with everything known about it. A labelled pair has its second text as the only positive. */
export interface Row {
  readonly id?: string;
  readonly anchor: string;
  /** At least one. */
  readonly positives: readonly Text[];
  readonly negatives: readonly Text[];
  /** Class or graded label of the pair. */
  readonly label?: number;
  /** Similarity of the pair. */
  readonly score?: number;
  /** A teacher's score of each positive. */
  readonly positiveScores?: readonly number[];
  /** A teacher's score of each negative. */
  readonly negativeScores?: readonly number[];
  /** Instruction that belongs before the anchor. */
  readonly prompt?: string;
  /** How often the row is met in an epoch, on average; once unless given. Above 0. */
  readonly weight?: number;
  /** Kind of task, as FlagEmbedding names it ("normal", "symmetric_sts", …). */
  readonly type?: string;
}

/** The characters of a text. */
export function textOf(text: Text): string {
  return typeof text === "string" ? text : text.text;
}

/** The document id of a text, where it has one. */
export function idOf(text: Text): string | undefined {
  return typeof text === "string" ? undefined : text.id;
}

/** What a document with an id goes by among those of all data sets. */
export function documentKey(text: Text): string | undefined {
  if (typeof text === "string") return undefined;
  return text.source === undefined ? text.id : `${text.id}\u0000${text.source}`;
}

/** What a pair is scored with: its score, or its label where it has no score. */
export function labelOf({ score, label }: Row): number | undefined {
  return score ?? label;
}
