// `attune quickstart`: the first minute. Offline, on data that come with attune.

import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { peakRssBytes } from "../../node/platform.ts";
import { quickstart } from "../../quickstart/quickstart.ts";
import type { QuickstartResult } from "../../quickstart/quickstart.ts";
import { count, duration, metricLabel, plural, rough, signed } from "../../report/numbers.ts";
import { table } from "../../report/table.ts";
import { deviceSettings } from "../../settings/device-settings.ts";
import { takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { TrainView } from "../train-view.ts";

const settingsSchema = z.strictObject({
  output: z.string().min(1).default("attune-quickstart").describe("folder for the model; one of an earlier quickstart is replaced"),
  device: deviceSettings.device,
  threads: deviceSettings.threads,
});

const switches = { json: "one JSON object on stdout at the end" };
const shownMetrics = ["ndcg@10", "mrr@10", "recall@10"];

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const registry = await createRegistryWith([]);
    const settings = resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const started = performance.now();
    await using runtime = await openDevice(settings, registry, io);
    const { terminal } = io;
    const view = new TrainView(terminal);
    const done = await quickstart(runtime, settings.output, {
      prepared({ rows, loaded: { model }, steps }, { queries, corpus }) {
        const { encoder } = model.parts;
        const parameters = model.parameters.reduce((sum, { value }) => sum + value.size, 0);
        terminal.fact(
          "data",
          `${plural(rows.all, "question")} -> ${plural(corpus.size, "article")} (a support desk)   held out: ${plural(queries.size, "question")}`,
        );
        terminal.fact(
          "model",
          `untrained, width ${encoder.hiddenSize}, own vocabulary of ${count(encoder.vocabularySize)}, ${rough(parameters)} parameters`,
        );
        terminal.fact("plan", `${plural(steps.perEpoch.length, "epoch")}, ${plural(steps.total, "step")}`);
        terminal.line();
      },
      event: (event) => view.event(event),
    });
    if (!done) {
      terminal.line("stopped; attune quickstart starts again");
      return 130;
    }
    const seconds = (performance.now() - started) / 1000;
    if (on.has("json")) {
      const { result, ...rest } = done;
      const { name, description } = runtime.context.backend;
      writeJson(io, { ...rest, ...result, totalSeconds: seconds, peakRssBytes: peakRssBytes(), backend: { name, description } });
    } else report(done, seconds, io);
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune quickstart [options]",
      summary: "Trains a small model from scratch on built-in data, offline, and compares it with BM25 on questions that it has not seen.",
      schema: settingsSchema,
      switches,
    });
  },
};

/** Before and after, some searches, and what to do next. */
function report({ scores, gain, searches, result }: QuickstartResult, seconds: number, { stdout }: Io): void {
  const row = (label: string, values: Readonly<Record<string, number>>): string[] => [
    label,
    ...shownMetrics.map((name) => values[name].toFixed(3)),
  ];
  const lines = [
    "",
    ...table([
      ["", ...shownMetrics.map(metricLabel)],
      row("BM25", scores.bm25),
      row("before training", scores.before),
      row("after training", scores.after),
    ]),
    "",
    `  ${signed(gain.mean)} nDCG@10 over before (95 % interval ${gain.low.toFixed(3)} … ${gain.high.toFixed(3)}), ${signed(scores.after["ndcg@10"] - scores.bm25["ndcg@10"])} over BM25`,
    "",
    ...searches.flatMap(({ question, hits }) => [
      `  "${question}"`,
      ...hits.map(({ title, score, right }, i) => `     ${i + 1}  ${score.toFixed(2)}  ${title}${right ? "   <- the right article" : ""}`),
      "",
    ]),
    `  model     ${result.output}   (loads in sentence-transformers)`,
    `  report    ${result.report}`,
    `  took      ${duration(seconds)}`,
    `  next      attune encode --model ${result.output} --input your-texts.txt --output vectors.npy`,
    `            attune train --model path/to/all-MiniLM-L6-v2 --data your-pairs.jsonl --output tuned`,
    "",
  ];
  stdout.write(lines.join("\n"));
}
