// `attune inspect`: what is in a data set or a model, and what is wrong with it, before hours are spent on it.

import { AttuneError, joinPath, silentLog } from "@attune/core";
import type { Context, Files, Registry } from "@attune/core";
import { readSentenceTransformers } from "@attune/formats";
import type { ModelFamily } from "@attune/nn";
import { loadTokenizer } from "@attune/tokenization";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { dataLines } from "../../inspect/data-lines.ts";
import { inspectData } from "../../inspect/inspect-data.ts";
import type { Ruler } from "../../inspect/inspect-data.ts";
import { inspectModel } from "../../inspect/inspect-model.ts";
import { modelLines } from "../../inspect/model-lines.ts";
import { wordRuler } from "../../inspect/word-ruler.ts";
import { resolveModel } from "../../models/resolve-model.ts";
import { plural } from "../../report/numbers.ts";
import { openFiles } from "../../runtime.ts";
import { deviceSettings } from "../../settings/device-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { resolveSettings } from "../options.ts";

const settingsSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe("data (a file, a pattern, a folder as BEIR or FlagEmbedding evaluate it) or a model (a folder, a hub id)"),
  model: z.string().min(1).optional().describe("count tokens as this model does; words are counted when left out"),
  maxLength: z.int().positive().optional().describe("limit in tokens; the model's own when left out"),
  columns: z.record(z.string(), z.string()).optional().describe("columns of the data: anchor=NAME,positive=NAME,…"),
  plugins: deviceSettings.plugins,
});

const switches = { json: "one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const registry = await createRegistryWith(modulesOf(rest), { kinds: ["model", "source"] });
    const settings = resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const files = await openFiles();
    const place = { context: { files, registry, signal: io.signal, log: silentLog } as Partial<Context> as Context, ...io.terminal };
    const { path, maxLength, columns, model } = settings;
    if (await isModel(files, path)) {
      const unused = (["model", "maxLength", "columns"] as const).find((key) => settings[key] !== undefined);
      if (unused)
        throw new AttuneError({
          code: "E_OPTION",
          place: path,
          problem: `is a model, and --${unused === "maxLength" ? "max-length" : unused} is for data`,
        });
      const { folder } = await resolveModel(path, place);
      const facts = await inspectModel(files, folder, await familiesOf(registry, place.context));
      if (on.has("json")) writeJson(io, facts);
      else io.stdout.write(`${modelLines(facts).join("\n")}\n`);
      return facts.problems.length > 0 ? 1 : 0;
    }
    const ruler = model === undefined ? words(maxLength) : await tokens(files, (await resolveModel(model, place)).folder, maxLength);
    const facts = await inspectData(files, path, { columns, ruler, onProgress: (rows) => progress(io, rows) });
    io.signal.throwIfAborted(); // a file of a few rows tells nothing on the way
    io.terminal.clear();
    if (on.has("json")) writeJson(io, facts);
    else io.stdout.write(`${dataLines(facts).join("\n")}\n`);
    return 0;
  },

  async help(modules) {
    return helpText({
      usage: "attune inspect DATA-or-MODEL [options]",
      summary:
        "Says what is in training data (lengths, duplicates, contradictions, false negatives to expect) or in a model folder, and what is wrong with it. Changes nothing.",
      schema: settingsSchema,
      switches,
      registry: await createRegistryWith(modules, { kinds: ["model", "source"] }),
      examples: ["attune inspect pairs.jsonl --model all-MiniLM-L6-v2", "attune inspect scifact", "attune inspect all-MiniLM-L6-v2 --json"],
    });
  },
};

/** Between rows: who stops a long reading need not wait for its end. */
function progress({ terminal, signal }: Io, rows: number): void {
  signal.throwIfAborted();
  terminal.progress(() => `  inspect   ${plural(rows, "row")} read …`);
}

/** A folder with a configuration, or a hub id; a mistyped file is none of them. */
async function isModel(files: Files, path: string): Promise<boolean> {
  const status = await files.status(path);
  if (status?.kind === "file") return false;
  if (!status) return /^[\w.-]+\/[\w.-]+(@[\w./-]+)?$/.test(path) && !/\.(jsonl|ndjson|json|tsv|csv|txt)(\.gz)?$/i.test(path);
  for (const name of ["modules.json", "config.json", "0_Transformer"]) if (await files.status(joinPath(path, name))) return true;
  if (await files.status(joinPath(path, "corpus.jsonl"))) return false;
  throw new AttuneError({
    code: "E_LAYOUT",
    place: path,
    expected: "a model (config.json) or a BEIR folder (corpus.jsonl, queries.jsonl, qrels)",
    got: "another folder",
    hint: `for files in it give a pattern: '${path.replace(/\/$/, "")}/*.jsonl'`,
  });
}

async function familiesOf(registry: Registry, context: Context): Promise<ModelFamily[]> {
  const families: ModelFamily[] = [];
  for (const { name } of registry.list("model")) families.push((await registry.create("model", name, {}, context)) as ModelFamily);
  return families;
}

function words(limit: number | undefined): Ruler {
  if (limit === undefined) return wordRuler;
  throw new AttuneError({
    code: "E_OPTION",
    place: "--max-length",
    problem: "is in tokens, and without --model words are counted",
    hint: "add --model",
  });
}

async function tokens(files: Files, folder: string, maxLength: number | undefined): Promise<Ruler> {
  const { transformerFolder, maxSeqLength, prompts, defaultPromptName, doLowerCase } = await readSentenceTransformers(files, folder);
  const tokenizer = await loadTokenizer(files, transformerFolder);
  // As the model chooses them.
  const ofDocuments = prompts.document ?? prompts.passage ?? prompts.corpus;
  const promptFor = (side: "query" | "document"): string =>
    (side === "query" ? prompts.query : ofDocuments) ?? (defaultPromptName === undefined ? "" : prompts[defaultPromptName]);
  return {
    unit: "tokens",
    limit: maxLength ?? maxSeqLength,
    lengthOf(text, side) {
      const whole = `${promptFor(side)}${text}`;
      return tokenizer.encode(doLowerCase ? whole.toLowerCase() : whole).ids.length;
    },
  };
}
