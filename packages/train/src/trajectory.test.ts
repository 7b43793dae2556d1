// Ten AdamW steps of the loop's own step against PyTorch: forward, loss, backward, accumulation, clipping, decay and schedule at once.

import { parseOptions } from "@attune/core";
import type { Context } from "@attune/core";
import { EmbeddingModel, loadEmbeddingModel } from "@attune/embedding";
import cpu, { createCpuBackend } from "@attune/backend-cpu";
import { createNodeFiles } from "@attune/files-node";
import { openSafetensors } from "@attune/formats";
import { infonce } from "@attune/losses";
import { bertFamily } from "@attune/nn";
import { adamw, decayGroups, linear } from "@attune/optim";
import { concatTokens, createReferenceBackend, Engine, l2Normalize } from "@attune/tensor";
import type { Backend, PackedTokens } from "@attune/tensor";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { MicroBatch } from "./micro-batch.ts";
import { enqueueStep } from "./step.ts";

interface Case {
  readonly loss: { readonly scale: number };
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
  };
  readonly schedule: { readonly warmup_steps: number; readonly total_steps: number };
  readonly max_grad_norm: number;
  readonly gradient_accumulation_steps: number;
  readonly steps: readonly {
    readonly lr: number;
    readonly loss: number;
    readonly micro_losses: readonly number[];
    readonly grad_norm: number;
  }[];
  readonly parameters_with_zero_gradient: readonly string[];
}

const golden = (path: string): string => fileURLToPath(new URL(`../../../fixtures/golden/${path}`, import.meta.url));
const files = createNodeFiles();
const none = {} as Context;
/** B, and as many positives. */
const ROWS = 8;

/** models/bert with mean pooling and Normalize. */
async function loadModel(backend: Backend, float: "f32" | "f64", compute: "f32" | "f64" | "bf16" = float): Promise<EmbeddingModel> {
  const engine = new Engine(backend, { float, compute });
  const { model } = await loadEmbeddingModel({ files }, golden("models/bert"), { engine, families: [bertFamily] });
  const normalize = { name: "normalize", parameters: [], width: (input: number) => input, apply: l2Normalize };
  return new EmbeddingModel({ ...model.parts, heads: [normalize] });
}

/** The batches of a run: ids padded on the right become packed texts, anchors first. */
async function readBatches(run: string): Promise<MicroBatch[]> {
  const file = await openSafetensors(files, golden(`train/${run}/batches.safetensors`));
  const sides = await Promise.all(["anchor", "positive"].map((side) => readSide(file, side)));
  const indices = Int32Array.from({ length: ROWS }, (_, i) => i);
  return sides[0].map((anchors, i) => ({
    tokens: concatTokens([anchors, sides[1][i]]),
    anchors: ROWS,
    candidates: ROWS,
    loss: { targets: indices, groups: indices },
  }));
}

async function readSide(file: Awaited<ReturnType<typeof openSafetensors>>, side: string): Promise<PackedTokens[]> {
  const ids = (await file.read(`${side}_ids`)).data as Int32Array;
  const lengths = (await file.read(`${side}_lengths`)).data as Int32Array;
  const [batches, , padded] = file.info(`${side}_ids`).shape;
  return Array.from({ length: batches }, (_, batch) => {
    const texts = Array.from({ length: ROWS }, (_, row) => {
      const start = (batch * ROWS + row) * padded;
      return ids.slice(start, start + lengths[batch * ROWS + row]);
    });
    return concatTokens(texts.map((text) => ({ ids: text, cuSeqlens: Int32Array.of(0, text.length), maxLength: text.length })));
  });
}

/** Runs all steps with the loop's own `enqueueStep`. */
async function trainTenSteps(model: EmbeddingModel, run: string, { loss: { scale }, optimizer: given, schedule: plan, ...settings }: Case) {
  const { engine } = model;
  const loss = await infonce.create(parseOptions(infonce.options, { temperature: 1 / scale }, "infonce"), none);
  const schedule = await linear.create({}, none);
  const factory = await adamw.create({ beta1: given.betas[0], beta2: given.betas[1], eps: given.eps }, none);
  using optimizer = factory.create(decayGroups(model.parameters, given.weight_decay));
  const batches = await readBatches(run);
  const live = [];
  const steps = [];
  for (let step = 0; step < settings.steps.length; step++) {
    const own = batches.slice(step * settings.gradient_accumulation_steps, (step + 1) * settings.gradient_accumulation_steps);
    const learningRate = given.lr * schedule.factor(step, plan.total_steps, plan.warmup_steps);
    const told = enqueueStep({ model, losses: own.map(() => loss), optimizer }, own, {
      learningRate,
      maxNorm: settings.max_grad_norm,
      seed: 1,
      step,
    });
    const losses = await Promise.all(told.losses.map((value) => value.item()));
    const [norm, , finite, applied] = await told.control.read();
    for (const tensor of [...told.losses, told.control]) tensor.dispose();
    steps.push({ learningRate, losses, norm, finite, applied });
    live.push(engine.backend.counters.bytesLive);
  }
  expect(new Set(live).size, "live bytes after each step").toBe(1);
  return steps;
}

/** The first batch's embeddings, [2B D]: anchors, then positives. */
async function embed(model: EmbeddingModel, run: string): Promise<ArrayLike<number>> {
  const [{ tokens }] = await readBatches(run);
  using embeddings = model.engine.scope(() => model.engine.noGradient(() => model.forward(tokens)));
  return embeddings.read();
}

async function expectEmbeddings(model: EmbeddingModel, run: string, when: "before" | "after", tolerance: number): Promise<void> {
  const file = await openSafetensors(files, golden(`train/${run}/embeddings.safetensors`));
  const expected = [...(await file.readF32(`anchor_${when}`)), ...(await file.readF32(`positive_${when}`))];
  expect(largestDifference(await embed(model, run), expected), `embeddings ${when}`).toBeLessThan(tolerance);
}

function largestDifference(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - got[i])));
}

function relativeDifference(got: readonly number[], expected: readonly number[]): number {
  expect(got.length).toBe(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(got[i] / value - 1)));
}

async function expectWeights(
  model: EmbeddingModel,
  run: string,
  { parameters_with_zero_gradient: zero }: Case,
  tolerance: number,
): Promise<void> {
  const file = await openSafetensors(files, golden(`train/${run}/final.safetensors`));
  for (const { name, value } of model.parameters) {
    if (!zero.includes(name)) expect.soft(largestDifference(await value.read(), await file.readF32(name)), name).toBeLessThan(tolerance);
  }
}

// Losses and norms are golden in double; weights and embeddings are rounded to f32 there. PyTorch itself in f32 is 6e-7 away from its run in double.
const disposable = (backend: Backend): Backend & AsyncDisposable =>
  Object.assign(backend, { [Symbol.asyncDispose]: () => backend.dispose() });
const single = { loss: 2e-6, norm: 5e-6, weights: 5e-6, embeddings: 1e-6 };
// In bf16 the loss stays within a hundredth, which is what training in it has to pass.
const narrow = { loss: 0.01, norm: 0.03, weights: 5e-3, embeddings: 0.02 };
const native = cpu.available!({}) as true | string;
describe.each([
  { device: "typescript", float: "f32", compute: "bf16", tolerance: narrow },
  { device: "cpu", float: "f32", compute: "bf16", tolerance: narrow },
  { device: "typescript", float: "f64", compute: "f64", tolerance: { loss: 1e-13, norm: 1e-13, weights: 1e-7, embeddings: 1e-7 } },
  { device: "typescript", float: "f32", compute: "f32", tolerance: single },
  { device: "cpu", float: "f32", compute: "f32", tolerance: single },
] as const)("on $device in $compute", ({ device, float, compute, tolerance }) => {
  it.for(["mnrl", "mnrl-accumulation"])("ten steps follow PyTorch: %s", async (run, { skip }) => {
    if (device === "cpu" && native !== true) skip(native);
    await using backend = disposable(device === "cpu" ? createCpuBackend() : createReferenceBackend());
    const expected = JSON.parse(readFileSync(golden(`train/${run}/case.json`), "utf8")) as Case;
    const model = await loadModel(backend, float, compute);
    await expectEmbeddings(model, run, "before", tolerance.embeddings);
    const steps = await trainTenSteps(model, run, expected);
    expected.steps.forEach((step, i) => {
      const { learningRate, losses, norm, finite, applied } = steps[i];
      expect(learningRate).toBeCloseTo(step.lr, 15);
      expect(relativeDifference(losses, step.micro_losses), `loss of step ${i + 1}`).toBeLessThan(tolerance.loss);
      expect(relativeDifference([norm], [step.grad_norm]), `norm of step ${i + 1}`).toBeLessThan(tolerance.norm);
      expect([finite, applied]).toEqual([1, i + 1]);
    });
    await expectWeights(model, run, expected, tolerance.weights);
    await expectEmbeddings(model, run, "after", tolerance.embeddings);
    model[Symbol.dispose]();
    expect(model.engine.backend.counters.bytesLive).toBe(0);
  });
});
