// Vectors [N D] to a file, by its ending, or as lines.

import { AttuneError, show, writeLines } from "@attune/core";
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

/** The writer for a path; E_OPTION for an ending that there is none for. */
export function writerFor(path: string): Writer {
  const writer = writers[/\.([a-z]+)$/i.exec(path)?.[1].toLowerCase() ?? ""];
  if (writer) return writer;
  const endings = Object.keys(writers).map((ending) => `.${ending}`);
  throw new AttuneError({
    code: "E_OPTION",
    place: "--output",
    expected: `a file name that ends in ${endings.join(", ")}`,
    got: show(path),
  });
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
