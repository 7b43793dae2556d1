// `attune eval`: measures a model with an evaluator, chosen by what the data are.

import type { Files } from "@attune/core";
import { loadEmbeddingModel } from "@attune/embedding";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { metricLabel, plural } from "../../report/numbers.ts";
import { table } from "../../report/table.ts";
import { openFiles, resolvePrecision } from "../../runtime.ts";
import { choice, resolveChoice, splitChoice } from "../../settings/choice.ts";
import { modelSettings } from "../../settings/model-settings.ts";
import { measure, similarityOf } from "../../training/evaluators.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import type { Flag } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";

const settingsSchema = z.strictObject({
  ...modelSettings,
  data: z.string().min(1).describe("a BEIR folder (retrieval), or a TSV, CSV or JSONL file of scored pairs (sts)"),
  evaluator: choice("evaluator", "by the data", "what is measured"),
});

const switches = { json: "one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    const settings = resolveSettings(await withEvaluator(rest, await openFiles()), {
      schema: settingsSchema,
      registry,
      switches: Object.keys(switches),
    });
    await using runtime = await openDevice(settings, registry, io);
    const { context, engine, families } = runtime;
    const precision = resolvePrecision(settings.precision, context.backend);
    const { maxLength, data } = settings;
    const loaded = await loadEmbeddingModel(context, settings.model, { engine, families, ...(maxLength !== undefined && { maxLength }) });
    using model = loaded.model;
    const [named, given] = splitChoice(settings.evaluator);
    const similarity = named === "retrieval" ? { similarity: similarityOf(loaded) } : {};
    const { plugin, options } = resolveChoice(registry, "evaluator", [named, { data, ...similarity, ...given }] as never);
    const evaluator = await registry.create("evaluator", plugin, options, context);
    const started = performance.now();
    const { metrics } = await measure({ evaluator, source: data }, model, {
      signal: io.signal,
      onProgress: (texts) => io.terminal.progress(() => `  eval      ${plural(texts, "text")} embedded …`),
    });
    const seconds = (performance.now() - started) / 1000;
    io.terminal.fact("eval", `${data}: ${plugin.name} in ${seconds.toFixed(1)} s`);
    if (on.has("json")) {
      const { name, description } = context.backend;
      writeJson(io, {
        metrics,
        primary: evaluator.primary,
        evaluator: plugin.name,
        options,
        seconds,
        model: settings.model,
        precision,
        backend: { name, description },
      });
    } else io.stdout.write(`${metricLines(metrics).join("\n")}\n`);
    return 0;
  },

  async help(modules) {
    return helpText({
      usage: "attune eval --model DIR --data PATH [options]",
      summary: "Measures a model. The evaluator is chosen by the data; its options are given beside the others.",
      schema: settingsSchema,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune eval --model tuned --data scifact --split test --k 10,100",
        "attune eval --model tuned --data sts-test.tsv --json",
      ],
    });
  },
};

/** Names the evaluator, where the flags do not: retrieval for a folder, scored pairs for a file. */
async function withEvaluator(flags: readonly Flag[], files: Files): Promise<Flag[]> {
  const data = flags.find(({ name }) => name === "data")?.value;
  if (flags.some(({ name }) => name === "evaluator") || typeof data !== "string") return [...flags];
  const folder = (await files.status(data))?.kind !== "file";
  return [...flags, { name: "evaluator", value: folder ? "retrieval" : "sts" }];
}

/** Metrics with cut-offs as a grid, others as a list. */
function metricLines(metrics: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(metrics);
  if (!names.every((name) => name.includes("@"))) return table(names.map((name) => [name, metrics[name].toFixed(4)]));
  const families = [...new Set(names.map((name) => name.split("@")[0]))];
  const cutoffs = [...new Set(names.map((name) => name.split("@")[1]))];
  const rows = families.map((family) => [
    metricLabel(`${family}@`).slice(0, -1),
    ...cutoffs.map((k) => metrics[`${family}@${k}`]?.toFixed(4) ?? ""),
  ]);
  return table([["", ...cutoffs.map((k) => `@${k}`)], ...rows]);
}
