// `attune encode`: texts to vectors, in input order.

import { AttuneError } from "@attune/core";
import { encode } from "@attune/embedding";
import { expectFiniteVectors } from "@attune/search";
import { z } from "zod";
import { createRegistryWith } from "../../built-ins.ts";
import { openModel } from "../../models/open-model.ts";
import { plural, rough } from "../../report/numbers.ts";
import { openFiles, usePrecision } from "../../runtime.ts";
import { modelSettings, poolingSetting, tokenCacheSetting } from "../../settings/model-settings.ts";
import { traceSetting } from "../../settings/trace-setting.ts";
import { stoppable } from "../../stoppable.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command } from "../command.ts";
import { helpText } from "../help.ts";
import { openDevice } from "../open.ts";
import { resolveSettings } from "../options.ts";
import { readPipedTexts, readTexts } from "../read-texts.ts";
import { expectNewFile, expectOwnFiles } from "../text-file.ts";
import { vectorLines, writerFor } from "../write-vectors.ts";

const settingsSchema = z.strictObject({
  ...modelSettings,
  ...poolingSetting,
  ...tokenCacheSetting,
  ...traceSetting,
  input: z.string().min(1).describe("a text file, one text per line, or a JSONL, TSV or CSV file (gzip or not); - reads what is piped in"),
  output: z.string().optional().describe("file for the vectors: .npy, .jsonl or .safetensors; JSON lines on stdout when left out"),
  column: z.string().optional().describe("key of a JSONL file, or column of a table, that holds the text"),
  side: z.enum(["query", "document"]).optional().describe("chooses the model's prompt for that side of a search"),
  prompt: z.string().optional().describe("put before every text in place of the model's own prompt"),
  batchTokens: z.int().positive().default(8192).describe("tokens in a batch; bounds the memory"),
});

const switches = {
  overwrite: "replace the output file",
  json: "one JSON object on stdout at the end; needs --output",
};

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["overwrite", "json"]);
    const registry = await createRegistryWith(modulesOf(rest), { kinds: ["backend", "model", "pooling", "source"] });
    const settings = resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const { output, input, column, side, prompt, batchTokens, trace } = settings;
    if (on.has("json") && output === undefined)
      throw new AttuneError({ code: "E_OPTION", place: "--json", problem: "needs --output: without it, the vectors go to stdout" });
    const write = output === undefined ? undefined : writerFor(output);
    const files = await openFiles();
    await expectOwnFiles(files, { output, trace }, { input });
    if (output !== undefined) await expectNewFile(files, output, { overwrite: on.has("overwrite") });
    await using runtime = await openDevice(settings, registry, io);
    const { context } = runtime;
    const precision = usePrecision(settings.precision, runtime.engine);
    const texts = await (input === "-" ? readPipedTexts(io.stdin, column) : readTexts(stoppable(context).files, input, column));
    using model = (await openModel(settings, runtime)).model;
    const started = performance.now();
    let tokens = 0;
    const options = {
      batchTokens,
      signal: io.signal,
      ...(side && { side }),
      ...(prompt !== undefined && { prompt }),
      onProgress(done: number, total: number, encoded: number) {
        tokens = encoded;
        io.terminal.progress(() => `  encoding  ${done} of ${plural(total, "text")}`);
      },
    };
    const values = await encode(model, texts, options);
    const seconds = (performance.now() - started) / 1000;
    expectFiniteVectors(values, texts); // NaN is no JSON, and like nothing in any other file
    const tokensPerSecond = tokens / seconds;
    const vectors = { values, dimension: model.dimension };
    if (write && output !== undefined) await write(context.files, output, vectors);
    else for (const line of vectorLines(vectors)) io.stdout.write(line);
    io.terminal.fact(
      "encoded",
      `${plural(texts.length, "text")} x ${model.dimension} in ${seconds.toFixed(1)} s · ${rough(tokensPerSecond)} tokens/s · ${precision}${output === undefined ? "" : ` · ${output}`}`,
    );
    if (on.has("json"))
      writeJson(io, {
        count: texts.length,
        dimension: model.dimension,
        seconds,
        tokensPerSecond,
        output,
        precision,
        backend: backendOf(context.backend),
      });
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune encode --model MODEL --input FILE [--output FILE] [options]",
      summary: "Embeds the lines of a text file, or a column of a JSONL, TSV or CSV file, in input order.",
      schema: settingsSchema,
      switches,
      examples: [
        "attune encode --model tuned --input questions.txt --output questions.npy",
        "attune encode --model tuned --input corpus.jsonl --column text --side document --output corpus.safetensors",
      ],
    });
  },
};

function backendOf({ name, description }: { name: string; description: string }): { name: string; description: string } {
  return { name, description };
}
