// From config.json to the model family that reads it. Families are given, never known here.

import { AttuneError, show } from "@attune/core";
import type { Engine } from "@attune/tensor";
import type { Encoder, ModelFamily } from "./model.ts";

/** The family whose `modelTypes` hold config's `model_type`; E_MODEL_TYPE with the known ones. */
export function familyOf(config: unknown, families: readonly ModelFamily[]): ModelFamily {
  const type = (config as { model_type?: unknown } | null)?.model_type;
  const family = families.find((one) => one.modelTypes.includes(type as string));
  if (family) return family;
  throw new AttuneError({
    code: "E_MODEL_TYPE",
    place: "config.json model_type",
    expected: families.flatMap((one) => one.modelTypes).join(" or "),
    got: show(type),
  });
}

/** The encoder that a config.json describes, with unfilled parameters; E_MODEL_TYPE or E_CONFIG. */
export function createEncoder(engine: Engine, config: unknown, families: readonly ModelFamily[]): Encoder {
  return familyOf(config, families).create(engine, config);
}
