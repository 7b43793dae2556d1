// A tiny real model and a few rows, for tests of the loop: everything is there, nothing is slow.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomSampler } from "@attune/data";
import type { Row } from "@attune/data";
import { loadEmbeddingModel } from "@attune/embedding";
import type { LoadedModel } from "@attune/embedding";
import { createNodeFiles } from "@attune/files-node";
import { infonce } from "@attune/losses";
import { bertFamily } from "@attune/nn";
import { adamw, linear } from "@attune/optim";
import { createReferenceBackend, Engine } from "@attune/tensor";
import type { Context } from "@attune/core";
import { trainOptions } from "../src/index.ts";
import type { TrainConfig, TrainOptions } from "../src/index.ts";

export const files = createNodeFiles();

/** The tiny model. */
export const tinyFolder = fileURLToPath(new URL("../../../fixtures/golden/st/bert-mean-legacy", import.meta.url));

/** A fresh folder that goes away with the test. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "attune-train-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const things = ["kettle", "bridge", "harbour", "letter", "noodles", "robot", "vaccine", "library", "captain", "doctor", "lamp", "cable"];

/** Rows whose anchor and positive share a thing. */
export function tinyRows(count = 12): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    anchor: `who found the ${things[i % things.length]} number ${i}?`,
    positives: [`the ${things[i % things.length]} number ${i} was found before sunrise.`],
    negatives: i % 3 === 0 ? [`nobody compared the ${things[(i + 1) % things.length]}.`] : [],
  }));
}

async function tinyModel({ dropout = 0.1 }: { dropout?: number } = {}): Promise<LoadedModel> {
  const family = {
    ...bertFamily,
    create: (engine: Engine, config: unknown) =>
      bertFamily.create(engine, { ...(config as object), hidden_dropout_prob: dropout, attention_probs_dropout_prob: dropout }),
  };
  return loadEmbeddingModel({ files }, tinyFolder, { engine: new Engine(createReferenceBackend()), families: [family] });
}

/** A training of the tiny model; dropout is on, so that an inexact resume shows. */
export async function tinyConfig(
  output: string,
  options: Partial<TrainOptions> = {},
  extra: Partial<TrainConfig> = {},
): Promise<TrainConfig> {
  const { model } = await tinyModel();
  const context = {} as Context;
  return {
    model,
    rows: tinyRows(),
    loss: await infonce.create(infonce.options.parse({ temperature: 0.05 }), context),
    optimizer: await adamw.create(adamw.options.parse({}), context),
    schedule: await linear.create({}, context),
    sampler: randomSampler,
    options: trainOptions.parse({ batchSize: 4, epochs: 3, learningRate: 1e-3, seed: 7, ...options }),
    output,
    ...extra,
  };
}
