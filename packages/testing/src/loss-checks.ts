// What every loss has to get right, as functions that throw. They see a loss as training does: embeddings, indices, masks, labels.

import { parseOptions } from "@attune/core";
import type { Context, Plugin, Random } from "@attune/core";
import type { Loss, LossBatch } from "@attune/losses";
import { createReferenceBackend, Engine, Parameter, scale } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect } from "vitest";
import { expectClose } from "./expect-close.ts";
import { gradcheck } from "./gradcheck.ts";
import type { Floats } from "./gradcheck.ts";
import { drawBatch, shuffled } from "./loss-batches.ts";
import type { HostBatch } from "./loss-batches.ts";
import { tolerances } from "./tolerances.ts";

/** A loss with one set of options. */
export interface LossSubject {
  readonly plugin: Plugin<"loss">;
  readonly options: object;
  /** A row's label. */
  label(random: Random): number;
  /** Whether the loss looks at directions only, so that a vector's length plays no part. */
  readonly ignoresLength: boolean;
  /** Hard negatives without which a row is an error. */
  readonly leastNegatives: number;
}

/** Hard negatives of each row, where the loss does not ask for more. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  pairs: [0, 0, 0, 0],
  "ragged negatives": [0, 1, 3],
  "one row": [2],
  "one row without negatives": [0],
};

/** The checks by name. */
export function lossChecks(subject: LossSubject): Readonly<Record<string, () => Promise<void>>> {
  const { label, leastNegatives } = subject;
  const draw = (negatives: readonly number[], excluded = false): HostBatch =>
    drawBatch(
      negatives.map((count) => Math.max(count, leastNegatives)),
      { label, excluded },
    );
  const ragged = draw(shapes["ragged negatives"]);
  const gradients = Object.entries(shapes).map(([name, negatives]) => [
    `gradients: ${name}`,
    () => checkGradients(subject, draw(negatives)),
  ]);
  return {
    ...Object.fromEntries(gradients),
    "gradients: excluded pairs": () => checkGradients(subject, draw([1, 0, 2], true)),
    "a finite scalar that depends on the embeddings": () => checkValue(subject, ragged),
    "the order of rows and candidates does not matter": () => checkOrder(subject, draw([1, 0, 3, 2], true)),
    "single precision agrees with double": () => checkSinglePrecision(subject, ragged),
    "the same twice, and nothing left behind": () => checkRepetition(subject, ragged),
    "E_LOSS_INPUT without what it needs": () => checkNeeds(subject, ragged),
    ...(leastNegatives > 0 && {
      "E_LOSS_INPUT for a row with too few negatives": () =>
        checkRefused(subject, drawBatch([leastNegatives, leastNegatives - 1], { label, excluded: false })),
    }),
    "E_OPTION for an unknown option": async () =>
      expectCode("E_OPTION", () => parseOptions(subject.plugin.options, { ...subject.options, noSuchOption: 1 }, "")),
    ...(subject.ignoresLength && { "the length of vectors does not matter": () => checkLengths(subject, ragged) }),
  };
}

const createLoss = async ({ plugin, options }: LossSubject): Promise<Loss> =>
  plugin.create(parseOptions(plugin.options, options, `loss ${plugin.name}`), {} as Context);

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

/** E_LOSS_INPUT for a batch, with some of its fields replaced. */
async function checkRefused(subject: LossSubject, batch: HostBatch, replaced: Partial<LossBatch> = {}): Promise<void> {
  const loss = await createLoss(subject);
  const engine = new Engine(createReferenceBackend(), { float: "f64" });
  const given = (): LossBatch => ({
    anchor: upload(engine, batch.anchor),
    candidates: upload(engine, batch.candidates),
    ...batch.known,
    ...replaced,
  });
  expectCode("E_LOSS_INPUT", () => engine.scope(() => loss.compute(given())));
}

async function checkLengths(subject: LossSubject, batch: HostBatch): Promise<void> {
  const longer = ({ shape, data }: Floats, factor: number): Floats => ({ shape, data: data.map((value) => factor * value) });
  const plain = await evaluate(subject, batch);
  const scaled = await evaluate(subject, { ...batch, anchor: longer(batch.anchor, 3), candidates: longer(batch.candidates, 0.25) });
  expectClose([scaled.value], [plain.value], tolerances.f64, { name: "loss" });
}

/** The loss of a batch, and the gradients of its embeddings. */
async function evaluate(
  subject: LossSubject,
  batch: HostBatch,
  float: "f32" | "f64" = "f64",
  engine = new Engine(createReferenceBackend(), { float }),
) {
  const loss = await createLoss(subject);
  const parameterOf = (name: string, floats: Floats): Parameter =>
    new Parameter(
      name,
      engine.scope(() => upload(engine, floats)),
    );
  const anchor = parameterOf("anchor", batch.anchor);
  const candidates = parameterOf("candidates", batch.candidates);
  using result = engine.scope(() => {
    const value = loss.compute({ anchor: anchor.value, candidates: candidates.value, ...batch.known });
    if (value.origin) engine.backward(value);
    return value;
  });
  const read = {
    value: (await result.read())[0],
    size: result.size,
    gradients: { anchor: await gradientOf(anchor), candidates: await gradientOf(candidates) },
  };
  anchor.dispose();
  candidates.dispose();
  return read;
}

async function gradientOf({ gradient, value }: Parameter): Promise<number[]> {
  return Array.from(gradient ? await gradient.read() : new Float64Array(value.size));
}

function upload(engine: Engine, { shape, data }: Floats): Tensor {
  return engine.from(data, shape, engine.float);
}

function expectCode(code: string, fn: () => unknown): void {
  expect(fn).toThrow(expect.objectContaining({ code }));
}
