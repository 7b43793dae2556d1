// What a pipeline begins with, looked at before anything is removed, measured or mined: hours later it would be too late to say.

import { AttuneError } from "@attune/core";
import { modelKind } from "@attune/formats";
import { expectReranker } from "../evaluating/measure-model.ts";
import { hashModel } from "../models/model-hash.ts";
import { resolveModel } from "../models/resolve-model.ts";
import type { Runtime } from "../runtime.ts";
import { resolveChoice, splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { PipelineSettings } from "../settings/pipeline-settings.ts";
import { matchingFiles } from "../training/evaluation-paths.ts";

/** What is read: files, those of a pattern one by one, and folders. */
export async function inputsOf({ data, corpus, model, reranker }: PipelineSettings, { context }: Runtime): Promise<string[]> {
  const named = [data, corpus, model, reranker].filter((path) => path !== undefined);
  return [...named, ...(await matchingFiles(context.files, data))];
}

/** The base model's hash. E_MODEL_FOLDER where there is no such folder, of it or of the reranker, and where one of them is of the other kind. */
export async function modelsOf({ model, reranker }: PipelineSettings, runtime: Runtime): Promise<string> {
  const { files } = runtime.context;
  const { folder } = await resolveModel(model, runtime);
  if ((await modelKind(files, folder)) !== "embedding") {
    const problem = "is a cross-encoder, which scores pairs and has no vectors to tune";
    const hint = "give an embedding model, and this one as --reranker";
    throw new AttuneError({ code: "E_MODEL_FOLDER", place: `--model ${model}`, problem, hint });
  }
  if (reranker !== undefined) await expectReranker(reranker, runtime);
  return hashModel(files, folder, {});
}

/** E_OPTION for a loss that compares labels, of which the rows of a pipeline have none; E_UNKNOWN_PLUGIN and E_OPTION for the index of a miner. */
export async function expectUsable({ loss: chosen, miner, skip }: PipelineSettings, { context }: Runtime): Promise<void> {
  const { registry } = context;
  const [, { index = "exact" }] = splitChoice(miner);
  if (!skip.includes("mine")) resolveChoice(registry, "index", index as PluginChoice<"index">);
  if (skip.includes("train")) return;
  const { plugin, options } = resolveChoice(registry, "loss", chosen);
  const { needs } = await registry.create("loss", plugin, options, context);
  if (!needs.includes("labels")) return;
  const problem = "compares labels, and the rows of a pipeline have none";
  throw new AttuneError({ code: "E_OPTION", place: `--loss ${plugin.name}`, problem, hint: "attune train takes labelled pairs" });
}
