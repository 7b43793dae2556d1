// Every op of the table that has a gradient, in double: backward against differences for every float input, and the decomposition against the kernel.

import { createReferenceBackend, Engine } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import { expectClose } from "./expect-close.ts";
import { gradcheck } from "./gradcheck.ts";
import type { Floats } from "./gradcheck.ts";
import { isNarrow } from "./op-cases/format.ts";
import type { OpCase } from "./op-cases/format.ts";
import { opCases } from "./op-cases/index.ts";
import { differentiableOutput, gradientsOf, isPrimitive, mapOperands, runCase, tensorFrom, typedAttributes } from "./op-cases/run.ts";
import { toleranceOf, tolerances, widened } from "./tolerances.ts";

/** Float inputs that no gradient flows to, by design. */
const constants: Readonly<Record<string, readonly string[]>> = { rotary: ["frequencies"] };

const table = opCases();

/** In double, but for bf16, which is beside f32 only. */
const engineFor = (one: OpCase): Engine => new Engine(createReferenceBackend(), { float: isNarrow(one) ? "f32" : "f64" });

/** The float inputs of a case by name, those of lists as "weight[1]". */
function floatsOf(op: string, { inputs }: OpCase): Record<string, Floats> {
  const floats: Record<string, Floats> = {};
  mapOperands(inputs, (values, name) => {
    if (values.dtype === "f32" && !constants[op]?.includes(name)) floats[name] = values;
  });
  return floats;
}

describe.each(table)("$op.name", ({ op, cases }) => {
  test("has cases", () => expect(cases.length).toBeGreaterThan(0));

  for (const one of cases) {
    if (op.vjp && one.gradient === "smooth")
      test(`gradient: ${one.name}`, () => {
        gradcheck(
          (tensors, engine) => {
            const operands = mapOperands(
              one.inputs,
              (values, name) => (tensors as Record<string, Tensor>)[name] ?? tensorFrom(engine, values),
            );
            return differentiableOutput(engine.run(op, operands, typedAttributes(engine, one.attributes)));
          },
          floatsOf(op.name, one),
        );
      });

    if (op.vjp && one.gradient !== "none")
      test(`routes agree: ${one.name}`, async () => {
        const engine = engineFor(one);
        const leaf = await gradientsOf(engine, op, one, "leaf");
        const value = await gradientsOf(engine, op, one, "value");
        expect(Object.keys(value)).toEqual(Object.keys(leaf));
        for (const [name, { values, shape }] of Object.entries(value))
          expectClose(values, leaf[name].values, isNarrow(one) ? toleranceOf("f32") : tolerances.f64, { name: `d${name}`, shape });
      });

    if (op.decompose && !isPrimitive(op, one))
      test(`decomposition: ${one.name}`, async () => {
        const engine = engineFor(one);
        const kernel = await runCase(engine, op, one);
        const composed = await runCase(engine, op, one, { decomposed: true });
        expect(Object.keys(composed).sort()).toEqual(Object.keys(kernel).sort());
        for (const [name, { values, shape, dtype }] of Object.entries(composed)) {
          expect({ shape, dtype }).toEqual({ shape: kernel[name].shape, dtype: kernel[name].dtype });
          expectClose(values, kernel[name].values, isNarrow(one) ? widened(one.tolerance, 2) : tolerances.f64, { name, shape });
        }
      });
  }
});
