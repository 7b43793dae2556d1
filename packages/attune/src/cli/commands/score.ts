// `attune score`: each text of a row scored against its anchor by a model, for distillation.

import { writeLines } from "@attune/core";
import { loadRows } from "@attune/data";
import type { Row } from "@attune/data";
import { scoreRowsByPrompt } from "@attune/mining";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { expectSplitFits } from "../../mining/job.ts";
import { scoredLine } from "../../mining/scored-record.ts";
import { plural } from "../../report/numbers.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import { openScorer } from "../../scoring/scorer.ts";
import { promptSettings, rowSettings } from "../../settings/mine-settings.ts";
import { modelSettings } from "../../settings/model-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { expectNewFile, expectOwnFiles } from "../text-file.ts";

const settingsSchema = z.strictObject({
  ...modelSettings,
  model: modelSettings.model.describe("the teacher, a cross-encoder or an embedding model: a folder, or a hub id"),
  ...rowSettings,
  output: z.string().min(1).describe("file for the rows with scores, JSON lines"),
  ...promptSettings,
});

const switches = { overwrite: "replace the output file", json: "one JSON object on stdout at the end" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    const settings = resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const { data, output, columns, split, skipBadRows } = settings;
    const files = await openFiles();
    await expectSplitFits(settings, files);
    await expectOwnFiles(files, { output }, { data });
    await expectNewFile(files, output, { overwrite: on.has("overwrite") });
    await using runtime = await openDevice(settings, registry, io);
    const { signal, backend } = runtime.context;
    const precision = usePrecision(settings.precision, runtime.engine);
    const reading = { skipBadRows, signal, ...(columns && { columns }), ...(split !== undefined && { split }) };
    const { rows, bad } = await loadRows(files, data, reading);
    if (bad.count > 0) io.terminal.fact("warning", `${plural(bad.count, "bad row")} left out; the first: ${bad.first?.sentence}`);
    using scorer = await openScorer(settings, runtime, {
      similarity: "cosine",
      onProgress: (done, kind) =>
        io.terminal.progress(() => `  scoring   ${kind === "embedding" ? `${plural(done, "text")} encoded` : plural(done, "pair")} …`),
    });
    const started = performance.now();
    const scored = scoreRowsByPrompt(rows, (prompt) => scorer.scoring(prompt), signal);
    const written = await writeLines(files, output, linesOf(scored));
    const seconds = (performance.now() - started) / 1000;
    io.terminal.fact("scored", `${plural(written, "row")} in ${seconds.toFixed(1)} s · ${output}`);
    const { name, description } = backend;
    if (on.has("json"))
      writeJson(io, {
        output,
        rows: written,
        bad: bad.count,
        ...(scorer.kind === "embedding" ? { encoded: scorer.done } : { pairs: scorer.done }),
        seconds,
        precision,
        backend: { name, description },
      });
    return 0;
  },

  async help(modules) {
    return helpText({
      usage: "attune score --model MODEL --data PATH --output FILE [options]",
      summary:
        "Writes a teacher's scores of each text with its query into rows: those of a cross-encoder, or the cosine of embeddings. A labelled pair gets the score in place of its label.",
      schema: settingsSchema,
      switches,
      registry: await createRegistryWith(modules),
      examples: [
        "attune score --model bge-large --data mined.jsonl --output scored.jsonl",
        "attune score --model ms-marco-MiniLM-L6-v2 --data mined.jsonl --output scored.jsonl",
      ],
    });
  },
};

async function* linesOf(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  for await (const row of rows) yield scoredLine(row);
}
