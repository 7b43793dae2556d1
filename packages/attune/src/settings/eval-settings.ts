// What `attune eval` is asked to do: which model and how it reads texts, on what it is measured, and what is written.

import { z } from "zod";
import { choice } from "./choice.ts";
import { indexSetting } from "./index-setting.ts";
import { promptSettings } from "./mine-settings.ts";
import { modelSettings, poolingSetting } from "./model-settings.ts";
import { traceSetting } from "./trace-setting.ts";

const text = (description: string) => z.string().min(1).optional().describe(description);

/** How a model is read otherwise than its folder says. */
const readingSettings = {
  queryModel: text("another model, folder or hub id, that embeds the queries"),
  queryMaxLength: z.int().positive().optional().describe("tokens of a query; as --max-length when left out"),
  ...promptSettings,
  ...poolingSetting,
  addBos: z.boolean().optional().describe("begin every text with the tokenizer's bos_token (--add-bos false: never)"),
  addEos: z.boolean().optional().describe("end every text with the tokenizer's eos_token (--add-eos false: never)"),
  paddingSide: z
    .enum(["left", "right"])
    .optional()
    .describe("accepted for scripts that pad: texts are never padded here, so both are the same"),
};

/** Every option of `attune eval`. */
export const evalSettings = z.strictObject({
  ...modelSettings,
  ...traceSetting,
  data: z
    .string()
    .min(1)
    .describe("a BEIR folder (retrieval), a TSV, CSV or JSONL file of scored pairs (sts), or rows beside --corpus (retrieval)"),
  evaluator: choice("evaluator", "by the data", "what is measured"),
  ...indexSetting,
  ...readingSettings,
  compare: text("base model that --model is compared with, query by query"),
  reranker: text("cross-encoder, a folder or a hub id, that scores the first --depth documents of each query again; 100 unless given"),
  rerankerMaxLength: z.int().positive().optional().describe("tokens of a pair for the reranker; its own limit when left out"),
  saveRun: text("file for the hits of every query, as TREC runs have them"),
  mteb: text("folder for results in the shape of mteb: model, revision, task.json and model_meta.json"),
  mtebTask: text("the name of the task in it; that of the data when left out"),
  mtebLanguages: z
    .array(z.string().regex(/^[a-z]{3}-[A-Z][a-z]{3}$/, "expected ISO 639-3 codes with their scripts, such as deu-Latn,zho-Hans"))
    .min(1)
    .optional()
    .describe("languages of the task in it, as deu-Latn,zho-Hans; eng-Latn when left out"),
  report: text("file for an HTML page with scores and wrong answers"),
});

/** With defaults filled in. */
export type EvalSettings = z.output<typeof evalSettings>;
