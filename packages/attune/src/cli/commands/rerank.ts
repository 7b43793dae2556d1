// `attune rerank`: documents in the order in which a model thinks that they answer a query.

import { AttuneError, writeLines } from "@attune/core";
import type { Files } from "@attune/core";
import { readDocuments } from "@attune/data";
import type { SourceDocument } from "@attune/data";
import { trecRunLines } from "@attune/evaluation";
import { createRegistryWith } from "../../built-ins.ts";
import { modelName } from "../../models/model-name.ts";
import { count, metricLabel, plural, signed } from "../../report/numbers.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import { rankDocuments } from "../../scoring/rank-documents.ts";
import type { Ranked } from "../../scoring/rank-documents.ts";
import { bestHits, measureStages, pairsToScore, readJudgements, readRunWithTexts, rerankRun } from "../../scoring/rerank-run.ts";
import type { StageMetrics } from "../../scoring/rerank-run.ts";
import { openScorer } from "../../scoring/scorer.ts";
import type { Scorer } from "../../scoring/scorer.ts";
import { rerankSettings, rerankTask } from "../../settings/rerank-settings.ts";
import type { RerankSettings, RerankTask } from "../../settings/rerank-settings.ts";
import { stoppable } from "../../stoppable.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { createProgress } from "../rerank-progress.ts";
import type { Progress } from "../rerank-progress.ts";
import { expectNewFile, expectOwnFiles } from "../text-file.ts";

const switches = { overwrite: "replace the output file", json: "one JSON object on stdout; for a run it needs --output" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest), { kinds: ["backend", "model", "source"] });
    const settings = resolveSettings(rest, { schema: rerankSettings, registry, switches: Object.keys(switches) });
    const task = rerankTask(settings);
    const { output } = settings;
    const json = on.has("json");
    if (json && output === undefined && task.kind === "run")
      throw new AttuneError({ code: "E_OPTION", place: "--json", problem: "needs --output: without it, the run goes to stdout" });
    const files = await openFiles();
    const { run, data, documents, trace } = settings;
    await expectOwnFiles(files, { output, trace }, { run, data, documents });
    if (output !== undefined) await expectNewFile(files, output, { overwrite: on.has("overwrite") });
    await using runtime = await openDevice(settings, registry, io);
    const { backend } = runtime.context;
    const precision = usePrecision(settings.precision, runtime.engine);
    const progress = createProgress(io.terminal);
    using scorer = await openScorer(settings, runtime, { onProgress: progress.show });
    const work = { files: stoppable(runtime.context).files, io, settings, scorer, progress };
    const began = performance.now();
    const result = task.kind === "run" ? await rankHits(task, work) : await rankTexts(task, work, { json });
    const seconds = (performance.now() - began) / 1000;
    const { name, description } = backend;
    const { model } = settings;
    if (json)
      writeJson(io, {
        ...result,
        scale: scorer.scale,
        seconds,
        model,
        ...(output !== undefined && { output }),
        precision,
        backend: { name, description },
      });
    return 0;
  },

  async help(modules) {
    return helpText({
      usage: "attune rerank --model MODEL (--query TEXT --documents FILE | --run FILE --data DIR) [options]",
      summary:
        "Orders documents by how well they answer a query, or the hits of a search for many queries, by a cross-encoder or an embedding model.",
      schema: rerankSettings,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        'attune rerank --model ms-marco-MiniLM-L6-v2 --query "how do I reset it" --documents articles.txt --top-k 5',
        "attune rerank --model ms-marco-MiniLM-L6-v2 --run bm25.run --data scifact --depth 100 --output reranked.run",
      ],
    });
  },
};

interface Work {
  readonly files: Files;
  readonly io: Io;
  readonly settings: RerankSettings;
  readonly scorer: Scorer;
  readonly progress: Progress;
}

async function rankTexts(
  { query, documents, column }: Extract<RerankTask, { kind: "query" }>,
  { files, io, settings: { output, topK }, scorer }: Work,
  { json }: { json: boolean },
): Promise<object> {
  const source = readDocuments(files, documents, column === undefined ? {} : { column });
  const { ranked, count: all } = await rankDocuments(query, source, scorer.scoring(), { topK });
  const results = ranked.map(resultOf);
  if (output !== undefined)
    await writeLines(
      files,
      output,
      results.map((result) => `${JSON.stringify(result)}\n`),
    );
  else if (!json) io.stdout.write(results.map(lineOf).join(""));
  io.terminal.fact(
    "ranked",
    `${plural(all, "document")}${ranked.length < all ? `, ${count(ranked.length)} kept` : ""}${output === undefined ? "" : ` · ${output}`}`,
  );
  return { query, documents: all, ...(output === undefined && { results }) };
}

async function rankHits(
  task: Extract<RerankTask, { kind: "run" }>,
  { files, io, settings: { model, output, topK }, scorer, progress }: Work,
): Promise<object> {
  const first = await readRunWithTexts(files, task);
  const pairs = pairsToScore(first);
  const qrels = await readJudgements(files, task, first.run);
  io.terminal.fact("run", `${task.run}: ${plural(first.run.size, "query", "queries")}, ${plural(pairs, "hit")} to score`);
  progress.expect(pairs);
  const reranked = await rerankRun(first, scorer.scoring());
  const lines = trecRunLines(bestHits(reranked, topK), modelName(model));
  if (output !== undefined) await writeLines(files, output, lines);
  else for (const line of lines) io.stdout.write(line);
  const metrics = qrels && measureStages(qrels, first.run, reranked);
  if (metrics) io.terminal.fact("eval", gains(metrics));
  io.terminal.fact("ranked", `${plural(pairs, "hit")}${output === undefined ? "" : ` · ${output}`}`);
  return { run: task.run, queries: first.run.size, pairs, depth: task.depth, ...(metrics && { metrics }) };
}

/** A result as it is written. */
function resultOf({ index, score, document: { id, text } }: Ranked<SourceDocument>, place: number) {
  return { rank: place + 1, index, ...(id !== undefined && { id }), score, text };
}

function lineOf({ rank, score, text }: ReturnType<typeof resultOf>): string {
  return `${String(rank).padStart(4)}  ${score.toFixed(4).padStart(8)}  ${oneLine(text)}\n`;
}

const WIDTH = 100;

function oneLine(text: string): string {
  const letters = Array.from(text.trim().replaceAll(/\s+/g, " "));
  return letters.length <= WIDTH ? letters.join("") : `${letters.slice(0, WIDTH - 1).join("")}…`;
}

/** "nDCG@10 0.654 -> 0.702 (+0.048) · MRR@10 …" */
function gains({ base, reranked }: StageMetrics): string {
  return ["ndcg@10", "mrr@10", "map@10"]
    .map((name) => `${metricLabel(name)} ${base[name].toFixed(3)} -> ${reranked[name].toFixed(3)} (${signed(reranked[name] - base[name])})`)
    .join(" · ");
}
