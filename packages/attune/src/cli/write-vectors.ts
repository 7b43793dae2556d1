// Vectors [N D] to a file, by its ending, or as lines.

import { AttuneError, folderOf, show, writeLines } from "@attune/core";
import type { Files } from "@attune/core";
import { writeNpy, writeSafetensors } from "@attune/formats";

export interface Vectors {
  /** [N D] */
  readonly values: Float32Array;
  readonly dimension: number;
}

type Writer = (files: Files, path: string, vectors: Vectors) => Promise<unknown>;

const writers: Readonly<Record<string, Writer>> = {
  npy: (files, path, { values, dimension }) => writeNpy(files, path, { shape: [values.length / dimension, dimension], data: values }),
  jsonl: (files, path, vectors) => writeLines(files, path, vectorLines(vectors)),
  safetensors: (files, path, { values, dimension }) =>
    writeSafetensors(files, path, [{ name: "embeddings", dtype: "F32", shape: [values.length / dimension, dimension], data: values }]),
};

/** The writer for a path; E_OPTION for an ending that there is none for, E_OUTPUT for a folder or where nothing can be written. Known before any work is done. */
export async function writerFor(files: Files, path: string): Promise<Writer> {
  const writer = writers[/\.([a-z]+)$/i.exec(path)?.[1].toLowerCase() ?? ""];
  if (!writer) {
    const expected = `a file name that ends in ${Object.keys(writers)
      .map((ending) => `.${ending}`)
      .join(", ")}`;
    throw new AttuneError({ code: "E_OPTION", place: "--output", expected, got: show(path) });
  }
  if ((await files.status(path))?.kind === "folder") throw new AttuneError({ code: "E_OUTPUT", place: path, problem: "is a folder" });
  await expectWritable(files, path);
  return writer;
}

/** Tries a file beside `path`; nothing stays. */
async function expectWritable(files: Files, path: string): Promise<void> {
  const folder = folderOf(path);
  const hint = "give another --output";
  const kind = (await files.status(folder))?.kind;
  if (kind !== "folder") {
    const problem = `cannot be written: ${folder} ${kind ? "is a file, not a folder" : "does not exist"}`;
    throw new AttuneError({
      code: "E_OUTPUT",
      place: path,
      problem,
      hint: kind ? hint : "make the folder first, or give another --output",
    });
  }
  const probe = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await files.write(probe, "");
    await files.remove(probe);
  } catch (cause) {
    if (!(cause instanceof AttuneError)) throw cause;
    throw new AttuneError({ code: "E_OUTPUT", place: "--output", problem: cause.sentence, hint, cause });
  }
}

/** One JSON array per vector, each number in as few digits as name the same 32-bit float. */
export function* vectorLines({ values, dimension }: Vectors): Generator<string> {
  for (let start = 0; start < values.length; start += dimension) {
    yield `[${Array.from(values.subarray(start, start + dimension), shortest).join(",")}]\n`;
  }
}

function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}
