// `attune mine`: hard negatives for the queries of rows, and a report of what was found and what was left out.

import { describeReport } from "@attune/mining";
import { createRegistryWith } from "../../built-ins.ts";
import { runMining, withCorpusFile } from "../../mining/job.ts";
import type { MiningObserver, MiningOutcome } from "../../mining/job.ts";
import { count, plural } from "../../report/numbers.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import { mineSettings } from "../../settings/mine-settings.ts";
import type { MineSettings } from "../../settings/mine-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { expectNewFile } from "../text-file.ts";

const switches = { overwrite: "replace the output file", json: "the report as one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    const given = resolveSettings(rest, { schema: mineSettings, registry, switches: Object.keys(switches) });
    const files = await openFiles();
    const settings = await withCorpusFile(given, files);
    const { output, data, corpus, queryEmbeddings, corpusEmbeddings } = settings;
    const inputs = [data, corpus, queryEmbeddings, corpusEmbeddings];
    await expectNewFile(files, output, { overwrite: on.has("overwrite"), inputs });
    await using runtime = await openDevice(settings, registry, io);
    const { backend } = runtime.context;
    const precision = usePrecision(settings.precision, runtime.engine);
    const outcome = await runMining(settings, runtime, observerOn(io, settings));
    tell(io, settings, outcome, precision);
    if (on.has("json")) {
      const { name, description } = backend;
      writeJson(io, { output, ...outcome, precision, backend: { name, description } });
    } else io.stdout.write(`${describeReport(outcome.report).join("\n")}\n`);
    return 0;
  },

  async help(modules) {
    return helpText({
      usage: "attune mine --data PATH --model MODEL --output FILE [options]",
      summary:
        "Finds documents that look like an answer and are none, as negatives to train on. Answers that nobody marked are kept out by margins.",
      schema: mineSettings,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune mine --data rows.jsonl --model all-MiniLM-L6-v2 --range 10-50 --relative-margin 0.05 --output mined.jsonl",
        "attune mine --data scifact --model all-MiniLM-L6-v2 --cache .attune/vectors --output mined.jsonl",
        "attune mine --data rows.jsonl --corpus c.jsonl --query-embeddings q.npy --corpus-embeddings c.npy --output mined.jsonl",
        "attune mine --data rows.jsonl --model MiniLM --reranker ms-marco-MiniLM-L6-v2 --max-score 0.5 --output mined.jsonl",
        "attune mine --data rows.jsonl --miner bm25 --tokenizer cjk-bigram --output mined.jsonl",
      ],
    });
  },
};

function observerOn({ terminal }: Io, { data }: MineSettings): MiningObserver {
  return {
    task({ queries, corpus, appended }, bad) {
      const more = appended > 0 ? ` (${plural(appended, "positive")} of the rows added to the corpus)` : "";
      terminal.fact("data", `${data}: ${plural(queries.length, "query", "queries")}, ${plural(corpus.size, "document")}${more}`);
      if (bad.count > 0) terminal.fact("warning", `${plural(bad.count, "bad row")} left out; the first: ${bad.first?.sentence}`);
    },
    encoding: (encoded, texts) => terminal.progress(() => `  encoding  ${count(encoded)} of at most ${plural(texts, "text")}`),
    rescoring: (pairs) => terminal.progress(() => `  rescoring ${plural(pairs, "pair")} …`),
  };
}

function tell(
  { terminal }: Io,
  { output, model, cache, reranker }: MineSettings,
  { rows, encoded, rescored, seconds }: MiningOutcome,
  precision: string,
): void {
  if (model !== undefined) {
    const kept = cache === undefined ? "" : ` · kept in ${cache}`;
    terminal.fact("vectors", `${plural(encoded, "text")} encoded in ${seconds.vectors.toFixed(1)} s · ${precision}${kept}`);
  }
  if (rescored !== undefined) terminal.fact("rescored", `${plural(rescored, "pair")} by ${reranker}`);
  terminal.fact("mined", `${plural(rows, "row")} in ${seconds.mining.toFixed(1)} s · ${output}`);
  terminal.line();
}
