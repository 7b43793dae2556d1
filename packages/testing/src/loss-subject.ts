// A loss with one set of options, and how the checks run it: created as a training does, on a batch by value, with its gradients.

import { parseOptions } from "@attune/core";
import type { Context, Plugin, Random } from "@attune/core";
import type { Loss, LossBatch, LossRequirements } from "@attune/losses";
import { createReferenceBackend, Engine, Parameter } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { expect } from "vitest";
import type { Floats } from "./gradcheck.ts";
import type { HostBatch } from "./loss-batches.ts";

/** A loss with one set of options. */
export interface LossSubject {
  readonly plugin: Plugin<"loss">;
  readonly options: object;
  /** A row's label. */
  label(random: Random): number;
  /** Whether the loss looks at directions only, so that a vector's length plays no part. */
  readonly ignoresLength: boolean;
}

/** A loss as a training gets it. */
export const createLoss = async ({ plugin, options }: LossSubject): Promise<Loss> =>
  plugin.create(parseOptions(plugin.options, options, `loss ${plugin.name}`), {} as Context);

/** What it says that rows must bring. */
export const requirementsOf = async (subject: LossSubject): Promise<LossRequirements> => (await createLoss(subject)).requires ?? {};

/** E_LOSS_INPUT for a batch, with some of its fields replaced. */
export async function checkRefused(subject: LossSubject, batch: HostBatch, replaced: Partial<LossBatch> = {}): Promise<void> {
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

/** The loss of a batch, and the gradients of its embeddings. */
export async function evaluate(
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

/** An AttuneError with this code. */
export function expectCode(code: string, fn: () => unknown): void {
  expect(fn).toThrow(expect.objectContaining({ code }));
}
