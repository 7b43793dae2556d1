// `attune eval`: measures a model with an evaluator, chosen by what the data are; or a run that was made elsewhere.

import { AttuneError, baseName, writeLines } from "@attune/core";
import type { Files } from "@attune/core";
import { loadEmbeddingModel } from "@attune/embedding";
import { trecRunLines } from "@attune/evaluation";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { writeEvaluationReport } from "../../report/html.ts";
import { metricLines } from "../../report/metrics.ts";
import { plural } from "../../report/numbers.ts";
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
import { asksForRun, runSettings, scoreRun } from "../score-run.ts";
import { expectNewFile } from "../text-file.ts";

const settingsSchema = z.strictObject({
  ...modelSettings,
  data: z.string().min(1).describe("a BEIR folder (retrieval), or a TSV, CSV or JSONL file of scored pairs (sts)"),
  evaluator: choice("evaluator", "by the data", "what is measured"),
  saveRun: z.string().min(1).optional().describe("file for the hits of every query, as TREC runs have them"),
  report: z.string().min(1).optional().describe("file for an HTML page with scores and wrong answers"),
});

const switches = { json: "one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    if (asksForRun(rest)) {
      await scoreRun(rest, io, { json: on.has("json") });
      return 0;
    }
    const registry = await createRegistryWith(modulesOf(rest));
    const files = await openFiles();
    const settings = resolveSettings(await withEvaluator(rest, files), {
      schema: settingsSchema,
      registry,
      switches: Object.keys(switches),
    });
    if (settings.saveRun !== undefined) await expectNewFile(files, settings.saveRun, { overwrite: true });
    await using runtime = await openDevice(settings, registry, io);
    const { context, engine, families } = runtime;
    const precision = resolvePrecision(settings.precision, context.backend);
    const { maxLength, data, saveRun, report } = settings;
    const loaded = await loadEmbeddingModel(context, settings.model, { engine, families, ...(maxLength !== undefined && { maxLength }) });
    using model = loaded.model;
    const [named, given] = splitChoice(settings.evaluator);
    const similarity = named === "retrieval" ? { similarity: similarityOf(loaded) } : {};
    const { plugin, options } = resolveChoice(registry, "evaluator", [named, { data, ...similarity, ...given }] as never);
    const evaluator = await registry.create("evaluator", plugin, options, context);
    if (saveRun !== undefined && !evaluator.ranks) throw ranksNothing(plugin.name);
    const started = performance.now();
    const evaluation = await measure({ evaluator, source: data }, model, {
      signal: io.signal,
      onProgress: (texts) => io.terminal.progress(() => `  eval      ${plural(texts, "text")} embedded …`),
    });
    const { metrics, run } = evaluation;
    const seconds = (performance.now() - started) / 1000;
    if (saveRun !== undefined && run) await writeLines(files, saveRun, trecRunLines(run, baseName(settings.model)));
    io.terminal.fact("eval", `${data}: ${plugin.name} in ${seconds.toFixed(1)} s`);
    if (report !== undefined) {
      const { name, description } = context.backend;
      await writeEvaluationReport(context.files, report, {
        model: settings.model,
        source: data,
        primary: evaluator.primary,
        evaluation,
        settings: { evaluator: [plugin.name, options], precision, device: `${name} (${description})` },
      });
      io.terminal.fact("report", report);
    }
    if (on.has("json")) {
      const { name, description } = context.backend;
      writeJson(io, {
        metrics,
        primary: evaluator.primary,
        evaluator: plugin.name,
        options,
        seconds,
        model: settings.model,
        ...(saveRun !== undefined && { run: saveRun }),
        precision,
        backend: { name, description },
      });
    } else io.stdout.write(`${metricLines(metrics).join("\n")}\n`);
    return 0;
  },

  async help(modules) {
    const ofModel = helpText({
      usage: "attune eval --model DIR --data PATH [options]",
      summary: "Measures a model. The evaluator is chosen by the data; its options are given beside the others.",
      schema: settingsSchema,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune eval --model tuned --data scifact --split test --k 10,100",
        "attune eval --model tuned --data sts-test.tsv --json",
        "attune eval --model tuned --data scifact --convention sentence-transformers --save-run tuned.run",
      ],
    });
    const ofRun = helpText({
      usage: "attune eval --run FILE --qrels FILE [options]",
      summary: "Scores a run that was made elsewhere.",
      schema: runSettings,
      switches,
      examples: ["attune eval --run bm25.run --qrels qrels/test.tsv --k 1,3,5,10,100 --convention pytrec_eval --json"],
    });
    return `${ofModel}\n${ofRun}`;
  },
};

/** Names the evaluator, where the flags do not: retrieval for a folder, scored pairs for a file. */
async function withEvaluator(flags: readonly Flag[], files: Files): Promise<Flag[]> {
  const data = flags.find(({ name }) => name === "data")?.value;
  if (flags.some(({ name }) => name === "evaluator") || typeof data !== "string") return [...flags];
  const folder = (await files.status(data))?.kind !== "file";
  return [...flags, { name: "evaluator", value: folder ? "retrieval" : "sts" }];
}

function ranksNothing(evaluator: string): AttuneError {
  return new AttuneError({ code: "E_OPTION", place: "--save-run", problem: `has nothing to save: ${evaluator} ranks no documents` });
}
