// What counts as the same text for a person: used wherever repeated texts are looked for.

/** Texts that differ in case, white space, width of letters or accents' encoding alone are the same in this form. */
export function normalisedText(text: string): string {
  const lower = text.normalize("NFKC").toLowerCase();
  return (IRREGULAR_SPACE.test(lower) ? lower.replace(/\s+/gu, " ") : lower).trim();
}

/** Most texts have none, and looking for it is half the work of replacing. */
const IRREGULAR_SPACE = /\s\s|[^\S ]/u;
