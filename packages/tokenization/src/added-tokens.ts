// Finds added tokens ([SEP], <mask>, runs of spaces …) in a text, first in the raw text, then, those marked so, in the normalised rest.
// Leftmost, then longest, as in the Rust library.

import type { AddedToken } from "./contents.ts";
import type { Normalize } from "./normalizer.ts";
import { skipSpace, skipSpaceBack } from "./unicode.ts";

/** A part of a text: an added token, or text that goes on to the pre-tokenizer. */
export interface Piece {
  readonly text: string;
  readonly id?: number;
  /** Whether it begins the whole text. */
  readonly first: boolean;
}

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;

/** Cuts a text at added tokens and normalises what lies between them. */
export function createSplitter(tokens: readonly AddedToken[], normalize: Normalize | undefined): (text: string) => Piece[] {
  const isNormalized = (token: AddedToken): boolean => token.normalized ?? !token.special;
  const inRaw = finder(tokens.filter((token) => !isNormalized(token)));
  const inNormalized = finder(tokens.filter(isNormalized), normalize);
  return (text) =>
    inRaw(text).flatMap((piece) => {
      if (piece.id !== undefined) return [piece];
      const normalized = normalize ? normalize(piece.text) : piece.text;
      return inNormalized(normalized).map((part) => ({ ...part, first: part.first && piece.first }));
    });
}

function finder(tokens: readonly AddedToken[], normalize: Normalize = (text) => text): (text: string) => Piece[] {
  const byContent = new Map(tokens.map((token) => [normalize(token.content), token]));
  byContent.delete("");
  if (byContent.size === 0) return (text) => (text === "" ? [] : [{ text, first: true }]);
  // The first alternative that fits wins, so the longest come first.
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapePattern).join("|"), "g");
  return (text) => {
    const pieces: Piece[] = [];
    let done = 0;
    for (const { 0: content, index } of text.matchAll(pattern)) {
      const token = byContent.get(content)!;
      const span = spanOf(token, text, index, index + content.length);
      if (!span) continue;
      const start = Math.max(span.start, done);
      if (start > done) pieces.push({ text: text.slice(done, start), first: done === 0 });
      pieces.push({ text: content, id: token.id, first: start === 0 });
      done = Math.max(done, span.end);
    }
    if (done < text.length) pieces.push({ text: done === 0 ? text : text.slice(done), first: done === 0 });
    return pieces;
  };
}

/** What a match covers, the white space that the token swallows included; undefined where it must be a word of its own and is not. */
function spanOf(token: AddedToken, text: string, start: number, end: number): { start: number; end: number } | undefined {
  if (token.single_word && (WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) || WORD_AFTER.test(text.slice(end, end + 2)))) {
    return undefined;
  }
  return { start: token.lstrip ? skipSpaceBack(text, start) : start, end: token.rstrip ? skipSpace(text, end) : end };
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
