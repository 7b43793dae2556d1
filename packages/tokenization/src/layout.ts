// The "post_processor" stage of tokenizer.json: which special tokens stand where around one text or a pair, and which type each part has.

import { z } from "zod";
import { checked, tokenizerError, type Component } from "./contents.ts";

/** Special tokens, or the place of the first (0) or second (1) text. */
export type LayoutPart = { readonly ids: readonly number[]; readonly typeId: number } | { readonly text: 0 | 1; readonly typeId: number };

export interface Layout {
  readonly single: readonly LayoutPart[];
  readonly pair: readonly LayoutPart[];
  /** Whether the file says which types the texts have; without, types 0 and 1 are only what the Rust library reports. */
  readonly givesTypeIds: boolean;
}

const BARE: Layout = {
  single: [{ text: 0, typeId: 0 }],
  pair: [
    { text: 0, typeId: 0 },
    { text: 1, typeId: 1 },
  ],
  givesTypeIds: false,
};

/** The layout that a post-processor describes; E_TOKENIZER for an unknown type. */
export function createLayout(config: Component | null | undefined): Layout {
  switch (config?.type) {
    case undefined:
    case "ByteLevel":
      return BARE;
    case "TemplateProcessing":
      return templateLayout(config!);
    case "BertProcessing":
      return bertLayout(config!, { separators: 1, secondType: 1 });
    case "RobertaProcessing":
      return bertLayout(config!, { separators: 2, secondType: 0 });
    case "Sequence": {
      const { processors } = checked("post_processor", z.object({ processors: z.array(z.looseObject({ type: z.string() })) }), config);
      const layouts = processors.map(createLayout).filter((layout) => layout !== BARE);
      if (layouts.length > 1) throw tokenizerError("post_processor", "has two stages that both place special tokens", "use another model");
      return layouts[0] ?? BARE;
    }
    default:
      throw tokenizerError("post_processor", `the type ${JSON.stringify(config?.type)} is not known`, "use another model");
  }
}

/** Number of special tokens that a layout adds. */
export function specialCount(parts: readonly LayoutPart[]): number {
  return parts.reduce((count, part) => count + ("ids" in part ? part.ids.length : 0), 0);
}

const bertOptions = z.object({ cls: z.tuple([z.string(), z.int()]), sep: z.tuple([z.string(), z.int()]) });

function bertLayout(config: Component, { separators, secondType }: { separators: 1 | 2; secondType: 0 | 1 }): Layout {
  const { cls, sep } = checked("post_processor", bertOptions, config);
  const single: LayoutPart[] = [
    { ids: [cls[1]], typeId: 0 },
    { text: 0, typeId: 0 },
    { ids: [sep[1]], typeId: 0 },
  ];
  const between: LayoutPart[] = separators === 2 ? [{ ids: [sep[1]], typeId: secondType }] : [];
  const second: LayoutPart[] = [
    { text: 1, typeId: secondType },
    { ids: [sep[1]], typeId: secondType },
  ];
  return { single, pair: [...single, ...between, ...second], givesTypeIds: true };
}

const templatePart = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int().default(0) }) }),
  z.object({ Sequence: z.object({ id: z.enum(["A", "B"]), type_id: z.int().default(0) }) }),
]);

const templateOptions = z.object({
  single: z.array(templatePart),
  pair: z.array(templatePart),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(z.int().nonnegative()) })),
});

function templateLayout(config: Component): Layout {
  const { single, pair, special_tokens } = checked("post_processor", templateOptions, config);
  const partOf = (part: z.output<typeof templatePart>): LayoutPart => {
    if ("Sequence" in part) return { text: part.Sequence.id === "A" ? 0 : 1, typeId: part.Sequence.type_id };
    const { id, type_id } = part.SpecialToken;
    if (!special_tokens[id]) throw tokenizerError("post_processor", `places ${JSON.stringify(id)}, which "special_tokens" does not have`);
    return { ids: special_tokens[id].ids, typeId: type_id };
  };
  return { single: single.map(partOf), pair: pair.map(partOf), givesTypeIds: true };
}
