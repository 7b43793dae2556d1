// Memory for the largest batch, got once before the first step: a batch that is longer than all before it asks the system for nothing, and chunks
// that fit a smaller batch do not lie about unused.

import { textOf } from "@attune/data";
import type { Row } from "@attune/data";
import type { EmbeddingModel } from "@attune/embedding";
import type { Loss } from "@attune/losses";
import type { PackedTokens, Parameter } from "@attune/tensor";
import type { MicroBatch } from "./micro-batch.ts";
import { accumulateGradients } from "./step.ts";

/** Texts that are tokenised to find the longest: those with the most characters. */
const CANDIDATES = 16;

/** What an allocator adds: sizes rounded up, blocks that do not fit into the hole that is left. */
const SLACK = 1.15;

export interface ReserveParts {
  readonly model: EmbeddingModel;
  readonly loss: Loss;
  /** Of the training; without them every text is taken to be as long as the model allows. */
  readonly rows: readonly Row[];
  readonly seed: number;
}

/**
 * Has the backend reserve what a batch of as many texts as `first` needs at most, if it can: rehearses it with the longest texts. What is reserved
 * and not used costs nothing. Parameters must have no gradients, and are left without.
 */
export function reserveForLargest({ model, loss, rows, seed }: ReserveParts, first: MicroBatch): void {
  const { engine } = model;
  const { backend } = engine;
  if (!backend.reserve) return;
  const parameters = [...model.parameters, ...(loss.parameters?.() ?? [])];
  const run = (lengths: Lengths): void => {
    const tokens = textsOf(first, lengths);
    engine.scope(() => void accumulateGradients(model, loss, { ...first, tokens }, { seed, step: 0, row: 0 }));
    for (const parameter of parameters) parameter.clearGradient();
  };
  const longest = {
    anchors: longestOf(model, anchorsOf(rows), "query"),
    candidates: longestOf(model, candidatesOf(rows), "document"),
  };
  const { bytes, largest } = engine.rehearse(() => run(longest));
  backend.reserve({ bytes: Math.ceil(SLACK * (bytes + packedBytes(parameters))), largest });
}

/** Backends that pack weights keep two copies of each matrix that is not trained. */
function packedBytes(parameters: readonly Parameter[]): number {
  return parameters.reduce((bytes, { trainable, shape, value }) => bytes + (!trainable && shape.length > 1 ? 2 * value.bytes : 0), 0);
}

/** Tokens of each text of a side. */
interface Lengths {
  readonly anchors: number;
  readonly candidates: number;
}

/** As many texts as in the batch, all anchors of one length and all candidates of one. */
function textsOf({ anchors: count, candidates: others, tokens: { promptLengths } }: MicroBatch, lengths: Lengths): PackedTokens {
  const cuSeqlens = new Int32Array(count + others + 1);
  for (let i = 0; i < count + others; i++) cuSeqlens[i + 1] = cuSeqlens[i] + (i < count ? lengths.anchors : lengths.candidates);
  return {
    ids: new Int32Array(cuSeqlens[count + others]),
    cuSeqlens,
    maxLength: Math.max(lengths.anchors, lengths.candidates),
    ...(promptLengths && { promptLengths: new Int32Array(promptLengths.length) }),
  };
}

function* anchorsOf(rows: readonly Row[]): Generator<string> {
  for (const { anchor } of rows) yield anchor;
}

function* candidatesOf(rows: readonly Row[]): Generator<string> {
  for (const { positives, negatives } of rows) {
    for (const one of positives) yield textOf(one);
    for (const one of negatives ?? []) yield textOf(one);
  }
}

/** Tokens of the longest text, as the model cuts it. */
function longestOf(model: EmbeddingModel, texts: Iterable<string>, side: "query" | "document"): number {
  const longest: string[] = []; // the last has the fewest characters
  for (const text of texts) {
    if (longest.length === CANDIDATES && text.length <= longest[CANDIDATES - 1].length) continue;
    const at = longest.findIndex((other) => other.length < text.length);
    longest.splice(at < 0 ? longest.length : at, 0, text);
    if (longest.length > CANDIDATES) longest.pop();
  }
  return longest.length === 0 ? model.parts.maxLength : model.tokenize(longest, model.promptFor(side)).maxLength;
}
