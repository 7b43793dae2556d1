// Which special tokens stand at the two ends of a text, where a caller knows better than the folder: the post-processor is written anew for it.

import { AttuneError } from "@attune/core";
import { createTokenizer } from "@attune/tokenization";
import type { Tokenizer } from "@attune/tokenization";

export interface TokenizerEnds {
  readonly addBos?: boolean | undefined;
  readonly addEos?: boolean | undefined;
}

/**
 * The tokenizer with the token of a text's beginning or end put there, or taken away; what stands there already is not put twice. E_OPTION for
 * a tokenizer that has no such token (`bos_token`, `eos_token`).
 */
export function withEnds(tokenizer: Tokenizer, { addBos, addEos }: TokenizerEnds): Tokenizer {
  if (addBos === undefined && addEos === undefined) return tokenizer;
  const { contents } = tokenizer;
  const { definition, settings } = contents;
  const around = surroundings(tokenizer);
  const change = (
    ids: readonly number[],
    { wanted, name, first }: { wanted: boolean | undefined; name: "bos" | "eos"; first: boolean },
  ): number[] => {
    if (wanted === undefined) return [...ids];
    const token = settings[`${name}_token`] ?? undefined;
    const id = definition.added_tokens.find(({ content }) => content === token)?.id;
    if (id === undefined) {
      const problem = `is for tokenizers with a ${name}_token, and that of ${tokenizer.name} has none`;
      throw new AttuneError({ code: "E_OPTION", place: `--add-${name}`, problem });
    }
    const others = ids.filter((one) => one !== id);
    if (!wanted) return others;
    return ids.includes(id) ? [...ids] : first ? [id, ...others] : [...others, id];
  };
  const before = change(around.before, { wanted: addBos, name: "bos", first: true });
  const after = change(around.after, { wanted: addEos, name: "eos", first: false });
  const special = [...new Set([...before, ...after])];
  const parts = (ids: readonly number[]) => ids.map((id) => ({ SpecialToken: { id: String(id), type_id: 0 } }));
  const text = (id: "A" | "B") => ({ Sequence: { id, type_id: 0 } });
  const single = [...parts(before), text("A"), ...parts(after)];
  const post_processor = {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B"), ...parts(after)],
    special_tokens: Object.fromEntries(special.map((id) => [String(id), { id: String(id), ids: [id], tokens: [String(id)] }])),
  };
  const { modelMaxLength } = tokenizer;
  return createTokenizer(
    { ...contents, definition: { ...definition, post_processor } },
    modelMaxLength === undefined ? {} : { maxLength: modelMaxLength },
  );
}

/** The special tokens that the tokenizer puts before and after a text. */
function surroundings(tokenizer: Tokenizer): { before: number[]; after: number[] } {
  const bare = tokenizer.encode(PROBE, { specialTokens: false }).ids;
  const whole = tokenizer.encode(PROBE).ids;
  const extra = whole.length - bare.length;
  const at = Array.from({ length: extra + 1 }, (_, start) => start).find((start) => bare.every((id, i) => whole[start + i] === id)) ?? 0;
  return { before: whole.slice(0, at), after: whole.slice(at + bare.length) };
}

const PROBE = "a";
