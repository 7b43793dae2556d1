// Small differences between JavaScript's strings and Rust's.

/** Lower case character by character, as Rust does it: a capital sigma at the end of a word becomes σ, where JavaScript makes it ς. */
export function lowerCase(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase();
}

/** Unicode characters of a well-formed text. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

const WHITE_SPACE = /\p{White_Space}/u;

/** Where the white space that begins at `at` ends. Unlike `trim`, U+0085 counts and U+FEFF does not. */
export function skipSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && WHITE_SPACE.test(text[end])) end++;
  return end;
}

/** Where the white space that ends at `at` begins. */
export function skipSpaceBack(text: string, at: number): number {
  let start = at;
  while (start > 0 && WHITE_SPACE.test(text[start - 1])) start--;
  return start;
}
