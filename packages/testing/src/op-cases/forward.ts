// What a forward op gives, as inputs of its gradient op.

import { createReferenceBackend, Engine, opTable, valuesOf } from "@attune/tensor";
import type { AnyOp, Tensor } from "@attune/tensor";
import type { CaseInput } from "./draw.ts";
import { isNarrow } from "./format.ts";
import type { CaseOperand, OpCase, Values } from "./format.ts";
import { isList, mapOperands, tensorFrom, typedAttributes } from "./run.ts";

type Call = Pick<CaseInput, "inputs" | "attributes" | "single">;

/** The outputs of an op for some inputs. */
export type ForwardOf = (op: string, input: Call) => Record<string, Values>;

/**
 * Runs ops on the reference backend, in double where nothing is rounded on the way (to bf16, or as the case says); floats come back with nine
 * significant digits, as in the files.
 */
export function createForward(): {
  run(op: AnyOp, input: Call): Record<string, CaseOperand>;
  forward: ForwardOf;
} {
  const backend = createReferenceBackend();
  const engines = { double: new Engine(backend, { float: "f64" }), single: new Engine(backend) };

  const run = (op: AnyOp, { inputs, attributes = {}, single = false }: Call): Record<string, CaseOperand> => {
    const engine = single || isNarrow({ inputs, attributes }) ? engines.single : engines.double;
    return engine.scope(() =>
      engine.noGradient(() => {
        const operands = mapOperands(presentOnly(inputs), (values) => tensorFrom(engine, values));
        const outputs = engine.run(op, operands, typedAttributes(engine, attributes));
        const written = Object.fromEntries((op.writes ?? []).map((name) => [name, operands[name]]));
        return Object.fromEntries(
          Object.entries({ ...written, ...outputs }).map(([name, operand]) => [
            name,
            isList(operand) ? operand.map(valuesIn) : valuesIn(operand),
          ]),
        );
      }),
    );
  };

  const forward: ForwardOf = (name, input) =>
    run(
      opTable.find((op) => op.name === name)!,
      input,
    ) as Record<string, Values>;
  return { run, forward };
}

/** Without the optional inputs that a case leaves out. */
export function presentOnly(inputs: CaseInput["inputs"]): OpCase["inputs"] {
  return Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, CaseOperand] => entry[1] !== undefined));
}

function valuesIn(tensor: Tensor): Values {
  const { dtype, shape } = tensor;
  const wide = dtype === "f64" || dtype === "f32";
  const data = Array.from(valuesOf(tensor), (value) => (wide && Number.isFinite(value) ? Number(value.toPrecision(9)) : value));
  return { dtype: wide ? "f32" : (dtype as "bf16" | "i32" | "u8"), shape, data };
}
