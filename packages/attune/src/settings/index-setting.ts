// Which index finds documents, for the commands that search: validated and tried before anything is embedded.

import { AttuneError } from "@attune/core";
import type { Context } from "@attune/core";
import { choice, choiceName, splitChoice } from "./choice.ts";
import type { PluginChoice } from "./choice.ts";

/** The option of a command that searches. */
export const indexSetting = { index: choice("index", "exact", "what finds the documents: everything compared, or an index") };

/** An index by name with the options that were given, as evaluators and miners take it. */
export type GivenIndex = readonly [name: string, options: Readonly<Record<string, unknown>>];

/**
 * The chosen index; undefined for exact search without options. It is opened once, so that what is wrong is said before a model works for
 * minutes: E_OPTION, E_UNAVAILABLE, E_SERVER, and E_OPTION for one that holds vectors already.
 */
export async function givenIndex(
  chosen: PluginChoice<"index">,
  similarity: "cosine" | "dot",
  context: Context,
): Promise<GivenIndex | undefined> {
  if (isDefault(chosen)) return undefined;
  const [named, options] = splitChoice(chosen);
  const name = choiceName(chosen);
  const metric = similarity === "dot" ? "ip" : "cosine";
  await using index = await context.registry.create("index", named, { metric, ...options }, context);
  const held = await index.size();
  if (held === 0) return [name, options];
  throw new AttuneError({
    code: "E_OPTION",
    place: `--index ${name}`,
    problem: `holds ${held} vectors already, which a search would find`,
    hint: "give it a table or file of its own",
  });
}

/** The index that is meant: the command's own option, or that of the plugin which searches, `--miner.index`. E_OPTION for both. */
export function meantIndex(own: PluginChoice<"index">, given: Readonly<Record<string, unknown>>, flag: string): PluginChoice<"index"> {
  if (given.index === undefined) return own;
  if (!isDefault(own))
    throw new AttuneError({ code: "E_OPTION", place: `--index ${choiceName(own)}`, problem: `is given twice, by ${flag}, too` });
  return given.index as PluginChoice<"index">;
}

/** Exact search as it is. */
function isDefault(chosen: PluginChoice<"index">): boolean {
  const [named, options] = splitChoice(chosen);
  return named === "exact" && Object.keys(options).length === 0;
}

/** E_OPTION for an index beside what does not search by embeddings. */
export function expectNoIndex(chosen: PluginChoice<"index">, user: string): void {
  if (isDefault(chosen)) return;
  throw new AttuneError({ code: "E_OPTION", place: `--index ${choiceName(chosen)}`, problem: `is not used by ${user}` });
}
