// `attune pipeline`: from pairs to a tuned model that is compared with its base, in one command that goes on where an earlier call ended.

import type { MiningReport } from "@attune/mining";
import { createRegistryWith } from "../../built-ins.ts";
import { changedQueries } from "../../evaluating/changed-queries.ts";
import { peakRssBytes } from "../../node/platform.ts";
import { expectSomeStage, runPipeline } from "../../pipeline/pipeline.ts";
import type { PipelineObserver, PipelineResult } from "../../pipeline/pipeline.ts";
import { changeLines, sideBySide, significanceLines } from "../../report/comparison-lines.ts";
import { digits, metricLines } from "../../report/metrics.ts";
import { bytes, count, duration, metricLabel, plural } from "../../report/numbers.ts";
import { usePrecision } from "../../runtime.ts";
import { pipelineSettings } from "../../settings/pipeline-settings.ts";
import type { PipelineSettings, StageName } from "../../settings/pipeline-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { isAbort } from "../errors.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { shellWord } from "../terminal.ts";
import { TrainView } from "../train-view.ts";

const switches = { overwrite: "start again in an output folder that holds a pipeline", json: "one JSON object on stdout at the end" };

const names = ["base", "tuned"] as const;

/** Wins and losses on the terminal. */
const SHOWN = 3;

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    const settings = resolveSettings(rest, { schema: pipelineSettings, registry, switches: Object.keys(switches) });
    expectSomeStage(settings);
    await using runtime = await openDevice(settings, registry, io);
    usePrecision(settings.precision, runtime.engine);
    try {
      const result = await runPipeline(settings, runtime, observerOn(io, settings), { overwrite: on.has("overwrite") });
      if (on.has("json")) writeJson(io, jsonOf(settings, result));
      else if (result.status === "done") conclude(settings, result, io);
      if (result.status === "done") return 0;
    } catch (error) {
      if (!(io.signal.aborted && isAbort(error))) throw error;
    }
    io.terminal.fact("stopped", "the same command goes on from here");
    return 130;
  },

  async help(modules) {
    return helpText({
      usage: "attune pipeline --model MODEL --data PATH --output DIR [options]",
      summary:
        "Inspects pairs, holds some out, measures the base model on them, mines hard negatives for the others, trains, and measures again. " +
        "Nothing that is measured on is trained on or mined. A second call goes on after the last finished stage.",
      schema: pipelineSettings,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune pipeline --model all-MiniLM-L6-v2 --data pairs.jsonl --output tuned",
        "attune pipeline --model all-MiniLM-L6-v2 --data pairs.jsonl --corpus passages.jsonl --output tuned --negatives 3",
        "attune pipeline --model all-MiniLM-L6-v2 --data pairs.jsonl --output plain --skip inspect,mine",
      ],
    });
  },
};

function observerOn(io: Io, settings: PipelineSettings): PipelineObserver {
  const { terminal } = io;
  const view = new TrainView(terminal);
  return {
    data({ training, heldOut, set, documents, bad }) {
      terminal.fact("data", `${settings.data}: ${plural(training.length, "row")} to train on, ${count(heldOut.length)} held out`);
      if (bad.count > 0) terminal.fact("warning", `${plural(bad.count, "bad row")} left out; the first: ${bad.first?.sentence}`);
      if (!settings.skip.includes("mine") && training.some(({ negatives }) => negatives.length > 0))
        terminal.fact("note", "mined negatives replace those of the rows; --skip mine keeps them");
      const queries = plural(set.queries.size, "query", "queries");
      terminal.fact("", `measured: ${queries} over ${plural(set.corpus.size, "document")}; mined from ${count(documents.length)}`);
    },
    stage(stage, what) {
      if (what !== "begins") terminal.fact(stage, what);
      else if (stage === "train") terminal.line();
    },
    finished(stage, seconds, result) {
      terminal.fact(stage, `${finishedLine(stage, result, settings)} · ${duration(seconds)}`);
      if (stage === "mine") for (const warning of fewNegatives(result as MinedResult, settings)) terminal.fact("warning", warning);
    },
    embedded: (texts) => terminal.progress(() => `  eval      ${plural(texts, "text")} embedded …`),
    mining: {
      task() {},
      encoding: (encoded, texts) => terminal.progress(() => `  mine      ${count(encoded)} of at most ${plural(texts, "text")} encoded`),
      searching: (documents, of) => terminal.progress(() => `  mine      ${count(documents)} of ${plural(of, "document")} searched`),
      rescoring: (pairs) => terminal.progress(() => `  mine      ${plural(pairs, "pair")} scored …`),
    },
    training: {
      prepared: (prepared) => view.prepared(prepared),
      event: (event) => view.event(event),
      saved: (output, difference) => view.saved(output, difference),
    },
  };
}

interface MinedResult {
  readonly report: MiningReport;
}

function finishedLine(stage: StageName, result: unknown, { k }: PipelineSettings): string {
  switch (stage) {
    case "inspect": {
      const { findings } = result as { findings: readonly unknown[] };
      return findings.length === 0 ? "nothing found" : `${plural(findings.length, "finding")}: attune inspect tells them`;
    }
    case "baseline":
    case "evaluate": {
      const name = `ndcg@${k.includes(10) ? 10 : k[0]}`;
      return `${metricLabel(name)} ${digits((result as { metrics: Record<string, number> }).metrics[name])}`;
    }
    case "mine": {
      const { asked, negatives, queries, queriesShort, queriesWithNone } = (result as MinedResult).report;
      const short = queriesShort > 0 ? `; ${count(queriesShort)} have fewer than ${asked}, ${count(queriesWithNone)} none` : "";
      return `${plural(negatives, "negative")} for ${plural(queries, "query", "queries")}${short}`;
    }
    default:
      return "done";
  }
}

/** Where most queries are left without negatives, the margin is too wide for this model's scores. */
function fewNegatives({ report: { queries, queriesWithNone } }: MinedResult, { relativeMargin }: PipelineSettings): string[] {
  if (queriesWithNone * 2 < queries || relativeMargin === 0) return [];
  const percent = Number((relativeMargin * 100).toPrecision(6)); // 0.07 * 100 is 7.000000000000001
  return [`most queries found no negative that scores ${percent} % below their positive: a smaller --relative-margin keeps more`];
}

function jsonOf(settings: PipelineSettings, { base, tuned, compared, ...result }: PipelineResult): object {
  const { changes: _changes, ...significance } = compared ?? {};
  return {
    ...result,
    output: settings.output,
    ...(base && { base: base.metrics }),
    ...(tuned && { tuned: tuned.metrics }),
    ...significance,
    peakRssBytes: peakRssBytes(),
  };
}

function conclude({ output }: PipelineSettings, { model, primary, base, tuned, compared, report }: PipelineResult, io: Io): void {
  const { terminal, stdout } = io;
  terminal.fact("memory", `at most ${bytes(peakRssBytes())}`);
  if (report !== undefined) terminal.fact("report", report);
  if (model !== undefined) terminal.fact("next", `attune encode --model ${shellWord(model)} --input texts.txt --output vectors.npy`);
  else terminal.fact("next", `the same command without --skip train goes on in ${output}`);
  terminal.line();
  const lines: string[] = [];
  if (base && tuned) lines.push(...sideBySide(base.metrics, tuned.metrics, { primary, names }));
  else if (tuned ?? base) lines.push(...metricLines((tuned ?? base)!.metrics));
  if (base && tuned && compared)
    lines.push(
      "",
      ...significanceLines(compared, primary),
      ...changeLines(changedQueries(compared, { before: base, after: tuned }, SHOWN), names),
    );
  if (lines.length > 0) stdout.write(`${lines.join("\n")}\n`);
}
