// A BEIR folder as training data: one row per query, its relevant documents as positives.

import type { Files } from "@attune/core";
import type { OnBadRow } from "./bad-row.ts";
import { expectBeirFolder, readCorpus, readQrels, readQueries, unknownId, type Judgement } from "./beir.ts";
import { rowError } from "./bad-row.ts";
import type { Row, Text } from "./row.ts";

/**
 * Rows in the order in which the qrels first name each query; its positives (relevance above 0) in qrels order, with document ids.
 * Judged but irrelevant documents are not used as negatives. Ids that the folder does not have, and empty positives, are E_ROW.
 */
export async function readBeirRows(
  files: Files,
  folder: string,
  { split, onBadRow }: { split: string; onBadRow: OnBadRow },
): Promise<Row[]> {
  await expectBeirFolder(files, folder, split);
  const relevant = (await readQrels(files, folder, split, { onBadRow })).filter(({ relevance }) => relevance > 0);
  const queries = await readQueries(files, folder, { onBadRow, wanted: new Set(relevant.map(({ query }) => query)) });
  const corpus = await readCorpus(files, folder, { onBadRow, wanted: new Set(relevant.map(({ document }) => document)) });
  const rows = new Map<string, { anchor: string; positives: Text[] }>();
  for (const judgement of relevant) {
    const anchor = queries.get(judgement.query);
    const text = corpus.get(judgement.document);
    if (anchor === undefined) onBadRow(unknownId(judgement, "query"));
    else if (text === undefined) onBadRow(unknownId(judgement, "document"));
    else if (!/\S/.test(text)) onBadRow(emptyPositive(judgement));
    else {
      const row = rows.get(judgement.query) ?? { anchor, positives: [] };
      row.positives.push({ id: judgement.document, text });
      rows.set(judgement.query, row);
    }
  }
  return [...rows].map(([id, row]) => ({ id, ...row, negatives: [] }));
}

function emptyPositive({ path, line, document }: Judgement) {
  return rowError(path, line, { key: "corpus-id", expected: "a document with text", got: `${JSON.stringify(document)}, which is empty` });
}
