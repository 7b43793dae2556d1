// Ids back to text: tokens, special ones left out, through the "decoder" stage of tokenizer.json, which is the library's.

import type { TokenizerDefinition } from "./contents.ts";
import { createLibraryDecoder } from "./library.ts";

/** The function from ids to text; ids that nobody knows are left out. */
export function createDecoder(
  definition: TokenizerDefinition,
  vocabulary: ReadonlyMap<string, number>,
): (ids: readonly number[]) => string {
  const { decoder, added_tokens } = definition;
  const join = decoder ? createLibraryDecoder(decoder, added_tokens) : (tokens: string[]) => tokens.join(" ");
  const special = new Set(added_tokens.filter((token) => token.special).map(({ id }) => id));
  let tokens: Map<number, string> | undefined;
  return (ids) => {
    tokens ??= new Map([
      ...Array.from(vocabulary, ([token, id]) => [id, token] as const),
      ...added_tokens.map(({ id, content }) => [id, content] as const),
    ]);
    const kept = ids.filter((id) => !special.has(id)).map((id) => tokens!.get(id));
    return join(kept.filter((token) => token !== undefined));
  };
}
