// Passages without ids, a line each: {"content"} or {"text"} with perhaps a "title", as MS MARCO corpora of FlagEmbedding have them, or plain text.

import { AttuneError, type Files } from "@attune/core";
import { holds, looseTextField, textField } from "./fields.ts";
import { readJsonl } from "./jsonl.ts";
import { readLines } from "./lines.ts";

/** The passages of a JSONL or text file in order. E_NO_FILE, E_EMPTY, E_ROW. */
export async function readPassages(files: Files, path: string): Promise<string[]> {
  const passages: string[] = [];
  if (/\.(jsonl|ndjson|json)(\.gz)?$/i.test(path)) {
    const onBadRow = (error: AttuneError): never => {
      throw error;
    };
    for await (const record of readJsonl(files, path, onBadRow)) {
      const body = textField(record, holds(record, "content") ? "content" : "text");
      passages.push([looseTextField(record, "title"), body].filter((part) => part !== "").join(" "));
    }
  } else {
    for await (const { text } of readLines(files, path)) if (text !== undefined && text.trim() !== "") passages.push(text);
  }
  if (passages.length === 0) throw new AttuneError({ code: "E_EMPTY", place: path, problem: "holds no passages" });
  return passages;
}
