// What to say to those whose model is not where they look for it.

import { AttuneError, nearestName } from "@attune/core";

/** E_HUB_OFFLINE: the cache does not have it, and nothing else may be asked. */
export function notCached(text: string, cache: string, known: readonly string[]): AttuneError {
  const nearest = nearestKnown(text, known);
  return new AttuneError({
    code: "E_HUB_OFFLINE",
    place: text,
    problem: `is not in ${cache}, or not whole, and HF_HUB_OFFLINE forbids to ask the hub`,
    // One that is there in part is its own nearest.
    hint:
      nearest && nearest !== text.split("@")[0]
        ? `did you mean ${nearest}, which is there?`
        : "give a model's folder, or unset HF_HUB_OFFLINE once to download it",
  });
}

/** Said of a cached model without modules.json, where the hub cannot be asked whether it has one. */
export function mayLackModules(name: string): string {
  return `${name} is in the cache without modules.json, as transformers downloads it: if the hub has one, its pooling, prompts and further modules are missing here. Run once with the network to complete it`;
}

/** The same refusal, with the nearest model that is in the cache. */
export function withNearestName({ code, place, problem, hint }: AttuneError, text: string, known: readonly string[]): AttuneError {
  const nearest = nearestKnown(text, known);
  return new AttuneError({
    code,
    ...(place !== undefined && { place }),
    problem,
    hint: [nearest && `did you mean ${nearest}, which is in the cache?`, hint].filter(Boolean).join(" "),
  });
}

/** A name without owner is compared with the names that may be written so. */
function nearestKnown(text: string, known: readonly string[]): string | undefined {
  const owner = "sentence-transformers/";
  const short = known.flatMap((name) => (name.startsWith(owner) ? [name.slice(owner.length)] : []));
  return nearestName(text.split("@")[0], [...known, ...short]);
}
