// `attune eval`: measures a model with an evaluator, chosen by what the data are; two models beside each other; the checkpoints of a training; or a
// run that was made elsewhere.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { modelKind } from "@attune/formats";
import { createRegistryWith } from "../../built-ins.ts";
import { modelOfTraining } from "../../evaluating/measure-checkpoints.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import { evalSettings } from "../../settings/eval-settings.ts";
import { optionPaths } from "../../training/evaluation-paths.ts";
import { expectWritableFolder } from "../../training/output-folder.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import type { Flag } from "../arguments.ts";
import type { Command } from "../command.ts";
import { evalCheckpoints } from "../eval-checkpoints.ts";
import { evalCompare } from "../eval-compare.ts";
import { evalModel } from "../eval-model.ts";
import { expectFitting } from "../eval-settings-check.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { asksForRun, runSettings, scoreRun } from "../score-run.ts";
import { expectNewFile, expectOwnFiles } from "../text-file.ts";

const CHECKPOINTS = "all-checkpoints";

const switches = {
  [`${CHECKPOINTS} OUT`]: "in place of --model: the output folder of a training, of which every checkpoint is measured",
  overwrite: "replace the report and the run",
  json: "one JSON object on stdout",
};

export const command: Command = {
  async run(flags, io) {
    if (asksForRun(flags)) {
      const run = takeSwitches(flags, ["json"]);
      await scoreRun(run.rest, io, { json: run.on.has("json") });
      return 0;
    }
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const json = on.has("json");
    const registry = await createRegistryWith(modulesOf(rest));
    const files = await openFiles();
    const { output, flags: own } = await takeCheckpoints(rest, files);
    const settings = resolveSettings(await withEvaluator(own, files), {
      schema: evalSettings,
      registry,
      switches: [CHECKPOINTS, "overwrite", "json"],
    });
    const { saveRun, report, trace, compare, data, evaluator, mteb } = settings;
    expectFitting(settings, output !== undefined ? "checkpoints" : compare !== undefined ? "compare" : "model");
    await expectOwnFiles(files, { saveRun, report, trace }, { data, ...(await optionPaths({ path: data, evaluator }, files)) });
    const overwrite = on.has("overwrite");
    if (saveRun !== undefined) await expectNewFile(files, saveRun, { overwrite, flag: "--save-run" });
    if (report !== undefined) await expectNewFile(files, report, { overwrite, flag: "--report" });
    if (mteb !== undefined) await expectWritableFolder(files, mteb, "--mteb");
    await using runtime = await openDevice(settings, registry, io);
    const precision = usePrecision(settings.precision, runtime.engine);
    if (settings.paddingSide !== undefined)
      io.terminal.fact("note", "texts are never padded: vectors are the same for either --padding-side");
    if (output !== undefined) await evalCheckpoints(settings, output, runtime, { io, precision, json });
    else if (compare !== undefined) await evalCompare({ ...settings, compare }, runtime, io, { precision, json });
    else await evalModel(settings, runtime, io, { precision, json });
    return 0;
  },

  async help(modules) {
    const ofModel = helpText({
      usage: "attune eval --model MODEL --data PATH [options]",
      summary: "Measures a model. The evaluator is chosen by the data; its options are given beside the others.",
      schema: evalSettings,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune eval --model tuned --data scifact --split test --k 10,100",
        "attune eval --model tuned --compare all-MiniLM-L6-v2 --data scifact --report compared.html",
        "attune eval --model tuned --data dev.jsonl --corpus passages.jsonl --k 10,100",
        "attune eval --model tuned --data scifact --reranker ms-marco-MiniLM-L6-v2 --depth 100",
        "attune eval --model tuned --data scifact --evaluator quantized --precisions int8,ubinary --rescore-multiplier 4",
        "attune eval --all-checkpoints tuned --data scifact",
        "attune eval --model tuned --data scifact --convention sentence-transformers --save-run tuned.run",
      ],
    });
    const ofRun = helpText({
      usage: "attune eval --run FILE --qrels FILE [options]",
      summary: "Scores a run that was made elsewhere.",
      schema: runSettings,
      switches: { json: switches.json },
      examples: ["attune eval --run bm25.run --qrels qrels/test.tsv --k 1,3,5,10,100 --convention pytrec_eval --json"],
    });
    return `${ofModel}\n${ofRun}`;
  },
};

/** The training whose checkpoints are asked for, if any, with its model and length in the flags. E_OPTION for a model beside it. */
async function takeCheckpoints(flags: readonly Flag[], files: Files): Promise<{ output: string | undefined; flags: Flag[] }> {
  const asked = flags.filter(({ name }) => name === CHECKPOINTS);
  const rest = flags.filter(({ name }) => name !== CHECKPOINTS);
  if (asked.length === 0) return { output: undefined, flags: rest };
  const wrong = (problem: string): AttuneError => new AttuneError({ code: "E_OPTION", place: `--${CHECKPOINTS}`, problem });
  const [{ value: output }] = asked;
  if (output === true) throw wrong("needs a value");
  if (asked.length > 1) throw wrong("is given twice");
  if (rest.some(({ name }) => name === "model")) throw wrong("takes the model of that training: leave --model out");
  const { model, maxLength } = await modelOfTraining(files, output);
  const trained =
    maxLength === undefined || rest.some(({ name }) => name === "max-length") ? [] : [{ name: "max-length", value: String(maxLength) }];
  return { output, flags: [...rest, { name: "model", value: model }, ...trained] };
}

/** Names the evaluator, where the flags do not. */
async function withEvaluator(flags: readonly Flag[], files: Files): Promise<Flag[]> {
  if (flags.some(({ name }) => name === "evaluator")) return [...flags];
  return [...flags, { name: "evaluator", value: await evaluatorFor(flags, files) }];
}

/**
 * Retrieval for a folder or beside a corpus, lists for a cross-encoder, scored pairs for a file. Retrieval without data, too: that they are missing, or
 * that their flag is mistyped, is said by whoever reads the settings.
 */
async function evaluatorFor(flags: readonly Flag[], files: Files): Promise<string> {
  const [data, model] = ["data", "model"].map((asked) => flags.find(({ name }) => name === asked)?.value);
  if (typeof data !== "string") return "retrieval";
  const kind = (await files.status(data))?.kind;
  if (kind === "folder") return "retrieval";
  if (typeof model === "string" && (await files.status(model))?.kind === "folder" && (await modelKind(files, model)) === "cross-encoder")
    return "reranking";
  const retrieves = flags.some(({ name }) => name === "corpus" || name === "reranker");
  return kind !== "file" || retrieves ? "retrieval" : "sts";
}
