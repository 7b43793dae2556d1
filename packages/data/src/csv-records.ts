// Records of a CSV file as Python, pandas and Excel read them: a quote at the start of a cell opens it, and up to the quote that closes it commas
// and line ends are text and "" is one quote; any other quote is text. One that nobody closed costs its own line, not the rest of the file.

import type { Files } from "@attune/core";
import { rowError, type OnBadRow } from "./bad-row.ts";
import { notUtf8 } from "./jsonl.ts";
import { readLines, type Line } from "./lines.ts";

/** The cells of one record of a table, and the line on which it begins. */
export interface TableRecord {
  readonly number: number;
  readonly cells: readonly string[];
}

/** Characters of a record that goes on over lines. */
const LONGEST_RECORD = 1_000_000;

/**
 * The records of a file in order, blank lines between them left out. E_ROW at the first line of a record whose quote is not closed within a million
 * characters, before the cells are twice as many as the first record's, and before a comma or the end of a line; the line after it is then read anew.
 */
export async function* readCsvRecords(files: Files, path: string, onBadRow: OnBadRow): AsyncGenerator<TableRecord> {
  let columns = Infinity;
  let open: RecordBuilder | undefined;
  function* take(lines: Iterable<Line>): Generator<TableRecord> {
    for (const line of lines) {
      if (!open && line.text === undefined) onBadRow(rowError(path, line.number, notUtf8));
      if (!open && !line.text) continue;
      open ??= new RecordBuilder();
      const broken = open.add(line, 2 * columns);
      if (broken !== undefined) yield* giveUp(open, broken);
      else if (!open.isOpen) {
        const { number, cells } = open;
        open = undefined;
        if (columns === Infinity) columns = cells.length;
        yield { number, cells };
      }
    }
  }
  function* giveUp({ number, lines }: RecordBuilder, got: string): Generator<TableRecord> {
    open = undefined;
    onBadRow(rowError(path, number, { expected: "a closing quote", got }));
    yield* take(lines.slice(1));
  }
  for await (const line of readLines(files, path)) yield* take([line]);
  while (open) yield* giveUp(open, "the end of the file");
}

/** A record as far as it was read. */
class RecordBuilder {
  readonly lines: Line[] = [];
  readonly cells: string[] = [];
  /** The cell whose quote is open: a part for each line. */
  #quoted: string[] | undefined;
  #length = 0;

  get number(): number {
    return this.lines[0].number;
  }

  get isOpen(): boolean {
    return this.#quoted !== undefined;
  }

  /** Takes in the next line. The answer, if any, is what stands in place of the quote that should have closed the open cell. */
  add(line: Line, mostCells: number): string | undefined {
    const { number, text } = line;
    this.lines.push(line);
    if (text === undefined) return `line ${number}, which is not UTF-8`;
    this.#length += text.length + 1;
    if (this.#quoted && this.#length > LONGEST_RECORD) return `${LONGEST_RECORD.toLocaleString("en")} characters without one`;
    for (let at = 0; at <= text.length;) {
      const goesOn = this.#quoted !== undefined;
      const quoted = goesOn || text[at] === '"' ? this.#readQuoted(text, goesOn ? 0 : at + 1) : { content: "", end: at };
      if (!quoted) return this.cells.length >= mostCells ? `twice as many cells as columns, up to line ${number}` : undefined;
      const comma = text.indexOf(",", quoted.end);
      const end = comma < 0 ? text.length : comma;
      const behind = text.slice(quoted.end, end);
      // What stands before text opens a cell: the one that goes on was never closed.
      if (goesOn && /\S/.test(behind)) return `one before other text in line ${number}`;
      this.cells.push(quoted.content + behind);
      at = end + 1;
    }
    return undefined;
  }

  /** The open cell up to its closing quote, and where it ends; undefined when it goes on in the next line. */
  #readQuoted(text: string, start: number): { content: string; end: number } | undefined {
    const parts = (this.#quoted ??= []);
    const quote = closingQuote(text, start);
    parts.push(text.slice(start, quote < 0 ? undefined : quote));
    if (quote < 0) return undefined;
    this.#quoted = undefined;
    return { content: parts.join("\n").replaceAll('""', '"'), end: quote + 1 };
  }
}

/** Where the first quote stands that is not one of two; -1 where none does. */
function closingQuote(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}
