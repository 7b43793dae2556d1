// GPT-2's byte-level words: cut by its pattern, then every byte as one printable character, so that nothing is ever unknown.
// Its own file because texts are cut by it many times: most words are ASCII, of which only the space changes.

import { z } from "zod";
import { checked, type Component } from "./contents.ts";
import type { PreTokenize } from "./pre-tokenizer.ts";

const options = z.object({ add_prefix_space: z.boolean().default(true), use_regex: z.boolean().default(true) });

/** White space as Rust has it: U+0085 is one, U+FEFF is none, unlike JavaScript's \s. */
const WORD =
  /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const ASCII = /^[ !-~]*$/;

/** The character of a byte: printable ones stand for themselves, all others from U+0100 on. */
export const byteCharacters: readonly string[] = characters();

/** The function that a ByteLevel stage describes. */
export function createByteLevel(config: Component): PreTokenize {
  const { add_prefix_space, use_regex } = checked("pre_tokenizer", options, config);
  return (text) => {
    const whole = add_prefix_space && !text.startsWith(" ") ? ` ${text}` : text;
    const words = use_regex ? (whole.match(WORD) ?? []) : whole === "" ? [] : [whole];
    return words.map(bytesAsCharacters);
  };
}

function bytesAsCharacters(word: string): string {
  if (ASCII.test(word)) return word.includes(" ") ? word.replaceAll(" ", "Ġ") : word;
  let mapped = "";
  for (const byte of new TextEncoder().encode(word)) mapped += byteCharacters[byte];
  return mapped;
}

function characters(): string[] {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}
