// What counts as the same text for a person: used wherever repeated texts are looked for.

/** Texts that differ in case, white space, width of letters or accents' encoding alone are the same in this form. */
export function normalisedText(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/gu, " ").trim();
}
