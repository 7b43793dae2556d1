// `attune tokenizer`: a vocabulary learnt from texts, as a folder that every tool reads.

import { AttuneError, createRegistry } from "@attune/core";
import type { Files } from "@attune/core";
import { saveTokenizer, trainTokenizer, trainTokenizerOptions } from "@attune/tokenization";
import type { TrainedTokenizer } from "@attune/tokenization";
import { z } from "zod";
import { bytes, count, plural, share } from "../../report/numbers.ts";
import { openFiles } from "../../runtime.ts";
import { expectWritableFolder } from "../../training/output-folder.ts";
import { takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { resolveSettings } from "../options.ts";
import { trainingTexts } from "../training-texts.ts";

const settingsSchema = z.strictObject({
  data: z
    .array(z.string().min(1))
    .min(1)
    .describe("texts: plain text with one per line, or JSONL, TSV, CSV, gzip, a pattern of such, or a BEIR folder; may be repeated")
    .meta({ repeats: true }),
  output: z.string().min(1).describe("folder for the tokenizer"),
  column: z.string().min(1).optional().describe("the one column that holds texts; all texts of the rows when left out"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the rows: anchor=NAME,positive=NAME,…"),
  skipBadRows: z.boolean().default(false).describe("leave out rows that cannot be used, and count them"),
  ...trainTokenizerOptions.shape,
});

const switches = { overwrite: "replace the tokenizer in the output folder", json: "one JSON object on stdout at the end" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const settings = resolveSettings(rest, { schema: settingsSchema, registry: createRegistry(), switches: Object.keys(switches) });
    const { data, output, column, columns, skipBadRows, ...options } = settings;
    const files = await openFiles();
    await expectFolderFor(files, output, { overwrite: on.has("overwrite") });
    const bad: AttuneError[] = [];
    const onBadRow = (error: AttuneError): void => void bad.push(error);
    const texts = trainingTexts(files, data, { column, columns, ...(skipBadRows && { onBadRow }) });
    const started = performance.now();
    const { contents, ...figures } = await trainTokenizer(texts, options, observerOn(io));
    io.signal.throwIfAborted(); // before anything is written
    const written = await saveTokenizer(files, output, contents);
    const seconds = (performance.now() - started) / 1000;
    if (bad.length > 0) io.terminal.fact("warning", `${plural(bad.length, "bad row")} left out; the first: ${bad[0].sentence}`);
    tell(io, figures, { asked: options.size, output, seconds });
    if (on.has("json")) writeJson(io, { output, files: written, type: options.type, ...figures, bad: bad.length, seconds });
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune tokenizer --data PATH --output DIR [options]",
      summary: "Learns a vocabulary from texts and writes a tokenizer that the Rust library, transformers and attune read to the same ids.",
      schema: settingsSchema,
      switches,
      examples: [
        "attune tokenizer --data texts.txt --type wordpiece --size 8000 --output my-tokenizer",
        "attune tokenizer --data 'corpus/*.jsonl.gz' --column body --type bpe --size 16000 --output my-tokenizer",
      ],
    });
  },
};

/** E_OUTPUT for a file, for what cannot be written, for a folder in use, and for a model's folder: with another vocabulary its weights mean nothing. */
async function expectFolderFor(files: Files, output: string, { overwrite }: { overwrite: boolean }): Promise<void> {
  const inside = (await files.status(output))?.kind === "folder" ? await files.list(output) : [];
  if (inside.includes("config.json")) {
    const hint = "give another --output";
    throw new AttuneError({
      code: "E_OUTPUT",
      place: output,
      problem: "is a model's folder, and its weights go with its own tokenizer",
      hint,
    });
  }
  if (inside.length === 0 || (overwrite && inside.includes("tokenizer.json"))) return expectWritableFolder(files, output);
  const hint = inside.includes("tokenizer.json") ? "--overwrite replaces the tokenizer in it" : "give another --output";
  throw new AttuneError({ code: "E_OUTPUT", place: output, problem: "exists and is not empty", hint });
}

function observerOn({ terminal, signal }: Io) {
  return {
    signal,
    reading: (units: number) => terminal.progress(() => `  reading   ${bytes(units)} of text`),
    learning: (tokens: number, words: number) =>
      terminal.progress(() => `  learning  ${count(tokens)} tokens from ${plural(words, "word")}`),
  };
}

function tell(
  { terminal }: Io,
  { size, texts, words, differentWords, tokens, unknown }: Omit<TrainedTokenizer, "contents">,
  { asked, output, seconds }: { asked: number; output: string; seconds: number },
): void {
  terminal.fact("texts", `${plural(texts, "text")}: ${plural(words, "word")}, ${count(differentWords)} different`);
  const fewer = size < asked ? ` (of ${count(asked)} asked for: the texts have no more frequent enough)` : "";
  terminal.fact("learnt", `${plural(size, "token")}${fewer} · ${(tokens / words).toFixed(2)} a word · ${share(unknown, tokens)} unknown`);
  terminal.fact("written", `${output} in ${seconds.toFixed(1)} s`);
}
