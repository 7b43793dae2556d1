// A corpus in a JSONL file that stays there: memory holds where each line begins (8 bytes), texts are read when they are needed.

import { AttuneError, show, type Files, type OpenFile } from "@attune/core";
import { PIECE, type Corpus } from "./corpus.ts";

const NEWLINE = 10;
const SPACE = 32;
const CHUNK = 1 << 20;

/**
 * A document per line: `{"text", "title"?}`, as corpora of BEIR, candidate pools of FlagEmbedding and corpora of Tevatron have it; other keys are
 * left alone, blank lines too. Title and text are joined by a space. E_NO_FILE, E_EMPTY; E_ROW with the line, once a bad one is read.
 */
export async function openCorpusFile(files: Files, path: string): Promise<Corpus> {
  const starts = await lineStarts(files, path);
  const size = starts.length - 1;
  if (size === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no documents" });

  async function read(file: OpenFile, first: number, end: number): Promise<string[]> {
    const bytes = await file.read(starts[first], starts[end] - starts[first]);
    const texts: string[] = [];
    for (let row = first; row < end; row++) {
      const line = bytes.subarray(starts[row] - starts[first], starts[row + 1] - starts[first]);
      const text = documentOf(line);
      if (text === undefined) throw notADocument(path, await lineNumber(file, starts[row]), line);
      texts.push(text);
    }
    return texts;
  }

  return {
    size,
    async *stream() {
      await using file = await files.open(path, "read");
      for (let row = 0; row < size; row += PIECE) yield await read(file, row, Math.min(row + PIECE, size));
    },
    async texts(rows) {
      await using file = await files.open(path, "read");
      const texts = new Map<number, string>();
      for (const row of new Set(rows)) texts.set(row, (await read(file, row, row + 1))[0]);
      return rows.map((row) => texts.get(row)!);
    },
  };
}

/** Where each line that is not blank begins, in bytes, and then the end of the file. */
async function lineStarts(files: Files, path: string): Promise<Float64Array> {
  await using file = await files.open(path, "read");
  const starts: number[] = [];
  let inLine = false;
  for (let offset = 0; ; offset += CHUNK) {
    const chunk = await file.read(offset, CHUNK);
    for (let i = 0; i < chunk.length; i++) {
      if (inLine) {
        i = chunk.indexOf(NEWLINE, i);
        if (i < 0) break;
        inLine = false;
      } else if (chunk[i] > SPACE) {
        starts.push(offset + i--); // looked at again as a part of its line, which may end here
        inLine = true;
      }
    }
    if (chunk.length < CHUNK) {
      starts.push(offset + chunk.length);
      return Float64Array.from(starts);
    }
  }
}

/** Title and text of a line, or undefined where it holds no document. */
function documentOf(line: Uint8Array): string | undefined {
  try {
    const { text, title } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line)) as { text?: unknown; title?: unknown };
    if (typeof text !== "string" || typeof (title ?? "") !== "string") return undefined;
    return [title as string | null, text].filter(Boolean).join(" ");
  } catch {
    return undefined;
  }
}

/** The number of the line that begins at a byte, from 1. */
async function lineNumber(file: OpenFile, start: number): Promise<number> {
  let line = 1;
  for (let offset = 0; offset < start; offset += CHUNK) {
    for (const byte of await file.read(offset, Math.min(CHUNK, start - offset))) if (byte === NEWLINE) line++;
  }
  return line;
}

function notADocument(path: string, line: number, bytes: Uint8Array): AttuneError {
  return new AttuneError({
    code: "E_ROW",
    place: `${path}:${line}`,
    expected: 'an object with a string "text" and perhaps a "title"',
    got: show(new TextDecoder().decode(bytes).trim()),
  });
}
