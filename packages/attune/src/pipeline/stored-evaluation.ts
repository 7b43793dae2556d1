// An evaluation on the disk, with what a comparison needs of it later: values per query, the best answers, the first hit of each query.

import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import type { Evaluation, RetrievalSet } from "@attune/evaluation";
import { z } from "zod";

const answer = z.object({ text: z.string(), score: z.number() });
const schema = z.object({
  metrics: z.record(z.string(), z.number()),
  perQuery: z.array(z.tuple([z.string(), z.number()])),
  answers: z.array(z.object({ query: z.string(), right: answer, wrong: answer })),
  first: z.array(z.tuple([z.string(), z.string(), z.number()])),
});

/** Writes it to `path`. */
export async function writeEvaluation(files: Files, path: string, { metrics, perQuery, answers = [], run }: Evaluation): Promise<void> {
  const first = [...(run ?? [])].flatMap(([query, [hit]]) => (hit ? [[query, hit.document, hit.score] as const] : []));
  await files.write(path, `${JSON.stringify({ metrics, perQuery: [...(perQuery ?? [])], answers, first })}\n`);
}

/** Reads it; the task is the one that it was made of. E_RESUME for a file that is none. */
export async function readEvaluation(files: Files, path: string, set: RetrievalSet): Promise<Evaluation> {
  try {
    const { metrics, perQuery, answers, first } = schema.parse(JSON.parse(await files.readText(path)));
    const run = new Map(first.map(([query, document, score]) => [query, [{ document, score }]]));
    return { metrics, perQuery: new Map(perQuery), answers, run, set };
  } catch (cause) {
    throw new AttuneError({
      code: "E_RESUME",
      place: path,
      problem: "cannot be read",
      hint: "--overwrite starts the pipeline again",
      cause,
    });
  }
}
