// Engines, parameters and numbers for the tests of this package.

import { createRandom } from "@attune/core";
import { Engine } from "../src/engine.ts";
import { Parameter } from "../src/parameter.ts";
import { createReferenceBackend } from "../src/reference/backend.ts";
import type { Shape } from "../src/shape.ts";
import { sizeOf } from "../src/shape.ts";

/** An engine on the reference backend. */
export function referenceEngine(float: "f32" | "f64" = "f64"): Engine {
  return new Engine(createReferenceBackend(), { float });
}

/** Normal numbers, the same for the same name. */
export function normals(count: number, name = "x"): Float64Array {
  const random = createRandom(1, name);
  return Float64Array.from({ length: count }, () => random.normal());
}

/** A parameter of given values, or of normal numbers seeded by its name. */
export function parameterOf(
  engine: Engine,
  name: string,
  shape: Shape,
  { values = normals(sizeOf(shape), name), trainable = true }: { values?: ArrayLike<number>; trainable?: boolean } = {},
): Parameter {
  const tensor = engine.makePersistent(shape, engine.float);
  engine.writeTo(tensor, Array.from(values));
  return new Parameter(name, tensor, { trainable });
}
