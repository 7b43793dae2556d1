// Where the quickstart's data lie: in the repository beside the packages, in the published package inside it.

import { AttuneError, joinPath } from "@attune/core";
import type { Files } from "@attune/core";
import { z } from "zod";

const examplesSchema = z.array(z.object({ text: z.string(), article: z.string(), title: z.string() })).min(1);

/** A question to show, and the id and title of the article that answers it. */
export type Example = z.output<typeof examplesSchema>[number];

/** The folder with corpus, questions, tokenizer and config. */
export function quickstartFolder(): string {
  const fromSources = import.meta.url.endsWith(".ts");
  return decodeURIComponent(
    new URL(fromSources ? "../../../../fixtures/quickstart" : "../../fixtures/quickstart", import.meta.url).pathname,
  );
}

/** E_NO_FILE when the data are not there, E_QUICKSTART when they are damaged. */
export async function readExamples(files: Files, folder: string): Promise<Example[]> {
  const path = joinPath(folder, "examples.json");
  const parsed = examplesSchema.safeParse(JSON.parse(await files.readText(path)));
  if (parsed.success) return parsed.data;
  throw new AttuneError({ code: "E_QUICKSTART", place: path, problem: "is damaged", hint: "install attune again" });
}

/** Id of each article -> its title. */
export async function readTitles(files: Files, folder: string): Promise<Map<string, string>> {
  const lines = (await files.readText(joinPath(folder, "corpus.jsonl"))).trimEnd().split("\n");
  return new Map(lines.map((line) => JSON.parse(line) as { _id: string; title: string }).map(({ _id, title }) => [_id, title]));
}
