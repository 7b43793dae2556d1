// What a loss says that it requires of rows must be so, for a training refuses rows by it: without it there is no gradient, with it there is one.

import type { LossRequirements } from "@attune/losses";
import { expect } from "vitest";
import { drawBatch } from "./loss-batches.ts";
import type { HostBatch } from "./loss-batches.ts";
import { checkRefused, evaluate, requirementsOf } from "./loss-subject.ts";
import type { LossSubject } from "./loss-subject.ts";

interface Case {
  readonly name: string;
  /** Hard negatives of each row. */
  readonly rows: readonly number[];
  /** Only the gradient of this anchor counts. */
  readonly anchor?: number;
  /** All rows have one label. */
  readonly alike?: boolean;
  /** Whether a loss with these requirements learns from the rows; undefined where nothing follows from them. */
  teaches(requires: LossRequirements): boolean | undefined;
}

const cases: readonly Case[] = [
  { name: "one row alone", rows: [0], teaches: ({ negatives, labels, rows }) => !negatives && !labels && !rows },
  { name: "one row with hard negatives", rows: [3], teaches: ({ labels, rows }) => !labels && !rows },
  { name: "rows without hard negatives", rows: [0, 0, 0, 0], teaches: ({ negatives }) => !negatives || negatives === "in-batch" },
  { name: "a row without beside rows with them", rows: [0, 2, 3], anchor: 0, teaches: ({ negatives }) => negatives && negatives !== "own" },
  { name: "labels that are all the same", rows: [1, 2, 1, 3], alike: true, teaches: ({ labels }) => !labels },
];

/** The checks by name. */
export function requirementChecks(subject: LossSubject): Readonly<Record<string, () => Promise<void>>> {
  return Object.fromEntries(cases.map((one) => [`learns where it says so: ${one.name}`, () => check(subject, one)]));
}

async function check(subject: LossSubject, { rows, anchor, alike, teaches }: Case): Promise<void> {
  const requires = await requirementsOf(subject);
  const batch = drawBatch(rows, { label: (random) => subject.label(random), excluded: false });
  if (requires.negatives === "required" && rows.includes(0)) return checkRefused(subject, batch);
  const expected = teaches(requires);
  if (expected === undefined) return;
  const gradients = await Promise.all([...(alike ? [] : [batch]), ...oneLabel(batch)].map((one) => gradientOf(subject, one, anchor)));
  expect(Math.max(...gradients) > NOTHING, `some gradient is not zero (requires ${JSON.stringify(requires)})`).toBe(expected);
}

/** Where two equal terms cancel, rounding may leave something. */
const NOTHING = 1e-12;

/** The batch with the label of each of its rows for all: a loss with a margin may leave rows of one label alone, wherever they are. */
function oneLabel(batch: HostBatch): HostBatch[] {
  const { labels } = batch.known;
  return Array.from(labels, (label) => ({ ...batch, known: { ...batch.known, labels: labels.map(() => label) } }));
}

/** The largest element of the gradient of all embeddings, or of one anchor. */
async function gradientOf(subject: LossSubject, batch: HostBatch, anchor: number | undefined): Promise<number> {
  const { gradients } = await evaluate(subject, batch);
  const width = batch.anchor.shape[1];
  const seen =
    anchor === undefined ? [...gradients.anchor, ...gradients.candidates] : gradients.anchor.slice(anchor * width, (anchor + 1) * width);
  return Math.max(...seen.map(Math.abs));
}
