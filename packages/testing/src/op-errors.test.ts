// Every op of the table refuses operands of a wrong type, with an error that names the op and the operand.

import { createReferenceBackend, Engine, fill } from "@attune/tensor";
import type { Tensor } from "@attune/tensor";
import { describe, expect, test } from "vitest";
import type { Values } from "./op-cases/format.ts";
import { opCases } from "./op-cases/index.ts";
import { mapOperands, tensorFrom, typedAttributes } from "./op-cases/run.ts";

/** Ops that move values of any type. */
const anyType = new Set(["cast", "reshape", "slice", "concat", "transpose", "broadcastTo", "gather x", "gatherLast x", "fillInto"]);

/** The same shape in a type that no op takes for it. */
function otherType(engine: Engine, { dtype, shape }: Values): Tensor {
  return fill(engine, shape, 0, dtype === "i32" ? "u8" : "i32");
}

const checked = opCases().filter(({ op, cases }) => Object.keys(cases[0].inputs).length > 0 && !anyType.has(op.name));

describe.each(checked)("$op.name", ({ op, cases }) => {
  const [one] = [...cases].sort((a, b) => Object.keys(b.inputs).length - Object.keys(a.inputs).length);
  const names: string[] = [];
  mapOperands(one.inputs, (_, name) => names.push(name));

  test.each(names.filter((name) => !anyType.has(`${op.name} ${name}`)))("%s of another type is E_DTYPE", (wrong) => {
    const engine = new Engine(createReferenceBackend());
    const call = (): void =>
      engine.scope(() => {
        const operands = mapOperands(one.inputs, (values, name) =>
          name === wrong ? otherType(engine, values) : tensorFrom(engine, values),
        );
        engine.run(op, operands, typedAttributes(engine, one.attributes));
      });
    expect(call).toThrow(expect.objectContaining({ code: "E_DTYPE", place: expect.stringMatching(new RegExp(`^${op.name} `)) }));
  });
});
