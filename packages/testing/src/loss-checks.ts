// What every loss has to get right, as functions that throw. They see a loss as training does: embeddings, indices, masks, labels.

import { parseOptions } from "@attune/core";
import { createReferenceBackend, Engine, scale } from "@attune/tensor";
import { expect } from "vitest";
import { expectClose } from "./expect-close.ts";
import { gradcheck } from "./gradcheck.ts";
import type { Floats } from "./gradcheck.ts";
import { drawBatch, shuffled } from "./loss-batches.ts";
import type { HostBatch } from "./loss-batches.ts";
import { requirementChecks } from "./loss-requirements.ts";
import { checkRefused, createLoss, evaluate, expectCode, requirementsOf } from "./loss-subject.ts";
import type { LossSubject } from "./loss-subject.ts";
import { tolerances } from "./tolerances.ts";

/** Hard negatives of each row; every row has one at least where the loss requires it. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  pairs: [0, 0, 0, 0],
  "ragged negatives": [0, 1, 3],
  "one row": [2],
  "one row without negatives": [0],
};

/** The checks by name. */
export function lossChecks(subject: LossSubject): Readonly<Record<string, () => Promise<void>>> {
  const { label } = subject;
  const draw = async (negatives: readonly number[], excluded = false): Promise<HostBatch> => {
    const least = (await requirementsOf(subject)).negatives === "required" ? 1 : 0;
    return drawBatch(
      negatives.map((count) => Math.max(count, least)),
      { label, excluded },
    );
  };
  const ragged = (): Promise<HostBatch> => draw(shapes["ragged negatives"]);
  const gradients = Object.entries(shapes).map(([name, negatives]) => [
    `gradients: ${name}`,
    async () => checkGradients(subject, await draw(negatives)),
  ]);
  return {
    ...Object.fromEntries(gradients),
    "gradients: excluded pairs": async () => checkGradients(subject, await draw([1, 0, 2], true)),
    "a finite scalar that depends on the embeddings": async () => checkValue(subject, await ragged()),
    "the order of rows and candidates does not matter": async () => checkOrder(subject, await draw([1, 0, 3, 2], true)),
    "single precision agrees with double": async () => checkSinglePrecision(subject, await ragged()),
    "the same twice, and nothing left behind": async () => checkRepetition(subject, await ragged()),
    "E_LOSS_INPUT without what it needs": async () => checkNeeds(subject, await ragged()),
    ...requirementChecks(subject),
    "E_OPTION for an unknown option": async () =>
      expectCode("E_OPTION", () => parseOptions(subject.plugin.options, { ...subject.options, noSuchOption: 1 }, "")),
    ...(subject.ignoresLength && { "the length of vectors does not matter": async () => checkLengths(subject, await ragged()) }),
  };
}

/** A low temperature bends a loss within gradcheck's step, so it steps here by a sixteenth of it: inputs and loss are both 16 times as large. */
async function checkGradients(subject: LossSubject, { anchor, candidates, known }: HostBatch): Promise<void> {
  const loss = await createLoss(subject);
  const larger = ({ shape, data }: Floats): Floats => ({ shape, data: data.map((value) => 16 * value) });
  gradcheck(
    (given) => scale(loss.compute({ anchor: scale(given.anchor, 1 / 16), candidates: scale(given.candidates, 1 / 16), ...known }), 16),
    { anchor: larger(anchor), candidates: larger(candidates) },
  );
}

async function checkValue(subject: LossSubject, batch: HostBatch): Promise<void> {
  const { value, size, gradients } = await evaluate(subject, batch);
  expect(size, "elements of the loss").toBe(1);
  expect(Number.isFinite(value), `loss ${value}`).toBe(true);
  expect(
    Object.values(gradients)
      .flat()
      .some((one) => one !== 0),
    "some gradient is not zero",
  ).toBe(true);
}

async function checkOrder(subject: LossSubject, batch: HostBatch): Promise<void> {
  const plain = await evaluate(subject, batch);
  const { batch: other, rows, columns } = shuffled(batch);
  const turned = await evaluate(subject, other);
  expectClose([turned.value], [plain.value], tolerances.f64, { name: "loss" });
  const width = batch.anchor.shape[1];
  const pick = (values: readonly number[], order: readonly number[]) =>
    order.flatMap((from) => values.slice(from * width, (from + 1) * width));
  const near = {
    absolute: 1e-12 * Math.max(1, ...plain.gradients.anchor.map(Math.abs), ...plain.gradients.candidates.map(Math.abs)),
    relative: 1e-10,
  };
  expectClose(turned.gradients.anchor, pick(plain.gradients.anchor, rows), near, { name: "dAnchor" });
  expectClose(turned.gradients.candidates, pick(plain.gradients.candidates, columns), near, { name: "dCandidates" });
}

async function checkSinglePrecision(subject: LossSubject, batch: HostBatch): Promise<void> {
  const double = await evaluate(subject, batch);
  const single = await evaluate(subject, batch, "f32");
  const near = (values: readonly number[]) => ({ absolute: 1e-4 * Math.max(1e-2, ...values.map(Math.abs)), relative: 0 });
  expectClose([single.value], [double.value], { absolute: 1e-5, relative: 1e-5 }, { name: "loss" });
  for (const name of ["anchor", "candidates"] as const) {
    expectClose(single.gradients[name], double.gradients[name], near(double.gradients[name]), { name: `gradient of ${name}` });
  }
}

async function checkRepetition(subject: LossSubject, batch: HostBatch): Promise<void> {
  const engine = new Engine(createReferenceBackend(), { float: "f64" });
  const results = [];
  const live = [];
  for (let i = 0; i < 2; i++) {
    results.push(await evaluate(subject, batch, "f64", engine));
    live.push(engine.backend.counters.bytesLive);
  }
  expect(results[1]).toEqual(results[0]);
  expect(live, "live bytes").toEqual([0, 0]);
}

async function checkNeeds(subject: LossSubject, batch: HostBatch): Promise<void> {
  const { needs } = await createLoss(subject);
  for (const need of needs) await checkRefused(subject, batch, { [need]: undefined });
}

async function checkLengths(subject: LossSubject, batch: HostBatch): Promise<void> {
  const longer = ({ shape, data }: Floats, factor: number): Floats => ({ shape, data: data.map((value) => factor * value) });
  const plain = await evaluate(subject, batch);
  const scaled = await evaluate(subject, { ...batch, anchor: longer(batch.anchor, 3), candidates: longer(batch.candidates, 0.25) });
  expectClose([scaled.value], [plain.value], tolerances.f64, { name: "loss" });
}
