// Rows of a measurement. They are never left out, since figures would not be comparable: so no error may offer it.

import { AttuneError, type Files } from "@attune/core";
import { loadRows, readLabelledTexts, type LabelledText, type Row } from "@attune/data";
import { z } from "zod";

/** Names of the columns, as an option of an evaluator. */
export const columnsOption = z.record(z.string(), z.string()).optional().describe("understood name -> name in the file");

/** Names of the columns of texts with labels, as an option of an evaluator. */
export const labelColumnsOption = z
  .strictObject({ text: z.string().optional(), label: z.string().optional() })
  .optional()
  .describe("text, label -> names in the file");

/** All rows of a file, in any layout that training reads. Errors as in `loadRows`; the hint of E_ROW says what can be done here. */
export async function readMeasuredRows(files: Files, path: string, columns?: Readonly<Record<string, string>>): Promise<Row[]> {
  return (await loadRows(files, path, { columns }).catch(withoutSkipping)).rows;
}

/** All texts of a file with their labels. Errors as in `readLabelledTexts`; the hint of E_ROW says what can be done here. */
export function readMeasuredTexts(
  files: Files,
  path: string,
  columns?: { readonly text?: string; readonly label?: string },
): Promise<LabelledText[]> {
  return readLabelledTexts(files, path, columns).catch(withoutSkipping);
}

function withoutSkipping(error: unknown): never {
  if (!(error instanceof AttuneError) || error.code !== "E_ROW") throw error;
  throw error.with({ hint: "correct the row, or take it out of the file" });
}
