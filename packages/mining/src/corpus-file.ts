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
  if (size === 0)
    throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no documents", hint: 'a line each: {"text": "…"}' });

  const decoder = new TextDecoder("utf-8", { fatal: true });

  const bytesOf = (file: OpenFile, first: number, end: number): Promise<Uint8Array> =>
    file.read(starts[first], starts[end] - starts[first]);

  /** The texts of rows in bytes that begin with the row `first`. */
  async function textsIn(bytes: Uint8Array, first: number, rows: readonly number[], file: OpenFile): Promise<string[]> {
    const lineOf = (row: number): Uint8Array => bytes.subarray(starts[row] - starts[first], starts[row + 1] - starts[first]);
    const texts = rows.map((row) => documentOf(lineOf(row), decoder));
    const bad = texts.indexOf(undefined);
    if (bad >= 0) throw notADocument(path, await lineNumber(file, starts[rows[bad]]), lineOf(rows[bad]));
    return texts as string[];
  }

  return {
    size,
    async *stream() {
      await using file = await files.open(path, "read");
      for (let first = 0; first < size; first += PIECE) {
        const rows = Array.from({ length: Math.min(PIECE, size - first) }, (_, i) => first + i);
        yield await textsIn(await bytesOf(file, first, first + rows.length), first, rows, file);
      }
    },
    async texts(rows) {
      await using file = await files.open(path, "read");
      const texts = new Map<number, string>();
      const spans = spansOf([...new Set(rows)], starts);
      for (let next = 0; next < spans.length; next += AT_ONCE) {
        const some = spans.slice(next, next + AT_ONCE);
        const read = await Promise.all(some.map((members) => bytesOf(file, members[0], members.at(-1)! + 1)));
        for (const [i, members] of some.entries()) {
          const found = await textsIn(read[i], members[0], members, file);
          members.forEach((row, j) => texts.set(row, found[j]));
        }
      }
      return rows.map((row) => texts.get(row)!);
    },
  };
}

/** Reads that are under way together. */
const AT_ONCE = 16;
/** Bytes that nobody asked for and that are cheaper to read than another call. */
const NEAR = 1 << 16;
/** Bytes of one call, if it is not for a single document. */
const LONGEST = 1 << 20;

/** Rows in groups whose lines lie near each other in the file, each ascending. */
function spansOf(rows: readonly number[], starts: Float64Array): number[][] {
  const spans: number[][] = [];
  for (const row of rows.toSorted((a, b) => a - b)) {
    const span = spans.at(-1);
    const gap = span === undefined ? Infinity : starts[row] - starts[span.at(-1)! + 1];
    if (span && gap <= NEAR && starts[row + 1] - starts[span[0]] <= LONGEST) span.push(row);
    else spans.push([row]);
  }
  return spans;
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
function documentOf(line: Uint8Array, decoder: TextDecoder): string | undefined {
  try {
    const { text, title } = JSON.parse(decoder.decode(line)) as { text?: unknown; title?: unknown };
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
