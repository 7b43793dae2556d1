// Examples become one batch of texts with the indices that losses need. Pads nothing, tokenises nothing, keeps repeated texts.

import type { Example } from "./examples.ts";
import { documentKey, textOf } from "./row.ts";

/** The texts of one step: B anchors, M candidates (B positives, then all negatives in row order). */
export interface TextBatch {
  readonly anchors: readonly string[];
  readonly candidates: readonly string[];
  /** [B] The candidate that is each anchor's positive: 0 … B-1. */
  readonly targets: Int32Array;
  /** [M] The row that brought each candidate; rows may bring different numbers of negatives. */
  readonly groups: Int32Array;
  /** [B M] 1 where a candidate must not serve as a negative of that row, never at its target; left out when there is none. */
  readonly exclude?: Uint8Array;
  /** [B] Score or label of each pair; only when every example has one. */
  readonly labels?: Float32Array;
  /** [B] Instruction of each anchor; only when some example has one. */
  readonly prompts?: readonly (string | undefined)[];
}

/**
 * Makes a batch of B >= 1 examples; indices and masks are what losses take. Excluded as negatives of a row: its anchor's text and every known
 * positive of its anchor (also where another row of the batch says so), by text or by document id.
 */
export function collate(examples: readonly Example[]): TextBatch {
  const rows = examples.map((_, i) => i);
  const exclude = excludeMask(examples);
  const labels = examples.map(({ label }) => label).filter((label) => label !== undefined);
  return {
    anchors: examples.map(({ anchor }) => anchor),
    candidates: [...examples.map(({ positive }) => positive), ...examples.flatMap(({ negatives }) => negatives.map(textOf))],
    targets: Int32Array.from(rows),
    groups: Int32Array.from([...rows, ...examples.flatMap(({ negatives }, i) => negatives.map(() => i))]),
    ...(exclude && { exclude }),
    ...(labels.length === examples.length && { labels: Float32Array.from(labels) }),
    ...(examples.some(({ prompt }) => prompt !== undefined) && { prompts: examples.map(({ prompt }) => prompt) }),
  };
}

/** [B M]; undefined when nothing is excluded. Looks candidates up by text and id, so that large batches take no B x M comparisons. */
function excludeMask(examples: readonly Example[]): Uint8Array | undefined {
  const candidates = [...examples.map(({ positive, positiveId }) => keysOf(positive, positiveId)), ...examples.flatMap(negativeKeys)];
  const candidatesWith = new Map<string, number[]>();
  for (const [candidate, keys] of candidates.entries()) for (const key of keys) append(candidatesWith, key, candidate);
  const rightFor = rightAnswers(examples);
  const mask = new Uint8Array(examples.length * candidates.length);
  for (const [row, { anchor }] of examples.entries()) {
    for (const key of rightFor.get(anchor)!) {
      for (const candidate of candidatesWith.get(key) ?? []) if (candidate !== row) mask[row * candidates.length + candidate] = 1;
    }
  }
  return mask.includes(1) ? mask : undefined;
}

/** Anchor -> keys of all that is known to be right for it, itself included, whichever example says so. */
function rightAnswers(examples: readonly Example[]): Map<string, Set<string>> {
  const rightFor = new Map<string, Set<string>>();
  for (const { anchor, positives } of examples) {
    const right = rightFor.get(anchor) ?? new Set(keysOf(anchor, undefined));
    for (const text of positives) for (const key of keysOf(textOf(text), documentKey(text))) right.add(key);
    rightFor.set(anchor, right);
  }
  return rightFor;
}

function negativeKeys({ negatives }: Example): string[][] {
  return negatives.map((text) => keysOf(textOf(text), documentKey(text)));
}

function keysOf(text: string, id: string | undefined): string[] {
  return id === undefined ? [`text:${text}`] : [`text:${text}`, `id:${id}`];
}

function append(lists: Map<string, number[]>, key: string, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
