// Passages without ids, a line each: {"content"} or {"text"} with perhaps a "title", as MS MARCO corpora of FlagEmbedding have them; or a table or
// plain text, as documents are.

import { AttuneError, type Files } from "@attune/core";
import { stopAtBadRow } from "./bad-row.ts";
import { readDocuments } from "./documents.ts";
import { holds, looseTextField, textField } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";

/** The passages of a JSONL, TSV, CSV or text file in order. E_NO_FILE, E_EMPTY, E_ROW, E_LAYOUT. */
export async function readPassages(files: Files, path: string): Promise<string[]> {
  const passages: string[] = [];
  if (/\.(jsonl|ndjson|json)(\.gz)?$/i.test(path)) {
    for await (const record of readJsonl(files, path, stopAtBadRow)) {
      const body = textField(record, holds(record, "content") ? "content" : "text");
      passages.push([looseTextField(record, "title"), body].filter((part) => part !== "").join(" "));
    }
  } else {
    try {
      for await (const { text } of readDocuments(files, path)) passages.push(text);
    } catch (error) {
      throw withoutColumn(error);
    }
  }
  if (passages.length === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no passages" });
  return passages;
}

/** Which column holds passages is no option. */
function withoutColumn(error: unknown): unknown {
  if (!(error instanceof AttuneError) || error.code !== "E_LAYOUT") return error;
  return error.with({ hint: 'name the column of the passages "text"' });
}
