// `attune mine`: hard negatives for the queries of rows, and a report of what was found and what was left out.

import { describeReport } from "@attune/mining";
import { createRegistryWith } from "../../built-ins.ts";
import { runMining, withCorpusFile } from "../../mining/job.ts";
import type { MiningObserver, MiningOutcome } from "../../mining/job.ts";
import { miningWarnings, writeMiningReport } from "../../report/mining-html.ts";
import { count, plural } from "../../report/numbers.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import type { Runtime } from "../../runtime.ts";
import { splitChoice } from "../../settings/choice.ts";
import { mineSettings } from "../../settings/mine-settings.ts";
import type { MineSettings } from "../../settings/mine-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { isAbort } from "../errors.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { expectNewFile, expectOwnFiles } from "../text-file.ts";

const switches = { overwrite: "replace the output file and the report", json: "the report as one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    const given = resolveSettings(rest, { schema: mineSettings, registry, switches: Object.keys(switches) });
    const files = await openFiles();
    const settings = await withCorpusFile(given, files);
    const { output, report: page, data, corpus, queryEmbeddings, corpusEmbeddings } = settings;
    await expectOwnFiles(files, { output, report: page }, { data, corpus, queryEmbeddings, corpusEmbeddings });
    const overwrite = on.has("overwrite");
    await expectNewFile(files, output, { overwrite });
    if (page !== undefined) await expectNewFile(files, page, { overwrite, flag: "--report" });
    await using runtime = await openDevice(settings, registry, io);
    const { backend } = runtime.context;
    const precision = usePrecision(settings.precision, runtime.engine);
    const outcome = await minedUnlessStopped(settings, runtime, io);
    if (outcome === undefined) return 130;
    if (page !== undefined) await writePage(page, { settings, outcome, precision }, runtime);
    tell(io, settings, outcome, precision);
    if (on.has("json")) {
      const { name, description } = backend;
      writeJson(io, { output, page, ...outcome, precision, backend: { name, description } });
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

/** Mines; undefined when it was told to stop, with a word about what is kept. */
async function minedUnlessStopped(settings: MineSettings, runtime: Runtime, io: Io): Promise<MiningOutcome | undefined> {
  try {
    return await runMining(settings, runtime, observerOn(io, settings));
  } catch (error) {
    if (!(io.signal.aborted && isAbort(error))) throw error;
  }
  const { model, cache } = settings;
  const kept =
    model === undefined
      ? ""
      : cache === undefined
        ? "; --cache FOLDER would have kept the vectors"
        : `; the same command goes on from the vectors in ${cache}`;
  io.terminal.fact("stopped", `no rows are written${kept}`);
  return undefined;
}

/** Seconds between two lines of progress where lines cannot be redrawn. */
const LINE_EVERY = 30;

function observerOn({ terminal }: Io, { data }: MineSettings): MiningObserver {
  let said = performance.now();
  const progress = (text: () => string): void => {
    const keep = performance.now() - said > LINE_EVERY * 1000;
    if (keep) said = performance.now();
    terminal.progress(text, { keep });
  };
  return {
    task({ queries, corpus, appended, scored }, bad) {
      const more = appended > 0 ? ` (${plural(appended, "positive")} of the rows added to the corpus)` : "";
      terminal.fact("data", `${data}: ${plural(queries.length, "query", "queries")}, ${plural(corpus.size, "document")}${more}`);
      if (bad.count > 0) terminal.fact("warning", `${plural(bad.count, "bad row")} left out; the first: ${bad.first?.sentence}`);
      if (scored > 0)
        terminal.fact(
          "warning",
          `${plural(scored, "pair")} with a score ${scored === 1 ? "counts" : "count"} as positive, however low it is`,
        );
    },
    encoding: (encoded, texts) => progress(() => `  encoding  ${count(encoded)} of at most ${plural(texts, "text")}`),
    searching: (documents, of) => progress(() => `  searching ${count(documents)} of ${plural(of, "document")}`),
    rescoring: (pairs) => progress(() => `  rescoring ${plural(pairs, "pair")} …`),
  };
}

function tell(
  { terminal }: Io,
  { output, model, cache, reranker, report: page }: MineSettings,
  { rows, encoded, rescored, seconds, report }: MiningOutcome,
  precision: string,
): void {
  if (model !== undefined) {
    const kept = cache === undefined ? "" : ` · kept in ${cache}`;
    terminal.fact("vectors", `${plural(encoded, "text")} encoded in ${seconds.vectors.toFixed(1)} s · ${precision}${kept}`);
  }
  if (rescored !== undefined) terminal.fact("rescored", `${plural(rescored, "pair")} by ${reranker}`);
  terminal.fact("mined", `${plural(rows, "row")} in ${seconds.mining.toFixed(1)} s · ${output}`);
  for (const warning of miningWarnings(report)) terminal.fact("warning", warning);
  if (page !== undefined) terminal.fact("report", page);
  terminal.line();
}

async function writePage(
  path: string,
  { settings, outcome, precision }: { settings: MineSettings; outcome: MiningOutcome; precision: string },
  { context: { files, backend } }: Runtime,
): Promise<void> {
  const { data, model, miner, reranker, corpusEmbeddings } = settings;
  const { report, bad, seconds } = outcome;
  const [named] = splitChoice(miner);
  const found = model ?? corpusEmbeddings ?? (typeof named === "string" ? named : named.name);
  await writeMiningReport(files, path, {
    data,
    source: reranker === undefined ? found : `${found}, then ${reranker}`,
    seconds,
    warnings: bad.count > 0 ? [`${plural(bad.count, "bad row was", "bad rows were")} left out; the first: ${bad.first}`] : [],
    report,
    settings: shownSettings(settings, { precision, device: `${backend.name} (${backend.description})` }),
  });
}

/** Those that had a say: switches that are off, and what only a model or a search through vectors needs, are left out. */
function shownSettings(settings: MineSettings, place: { precision: string; device: string }): Record<string, unknown> {
  const { report: _page, threads: _threads, batchTokens, index, range, model, corpusEmbeddings, ...rest } = settings;
  const set = Object.entries(rest).filter(([, value]) => value !== false);
  return {
    model,
    corpusEmbeddings,
    ...Object.fromEntries(set),
    range: range && `${range[0]}-${range[1] ?? ""}`,
    ...((model ?? corpusEmbeddings) === undefined ? {} : { index }),
    ...(model === undefined ? { precision: undefined, device: undefined } : { batchTokens, ...place }),
  };
}
