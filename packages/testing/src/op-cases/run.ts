// Running a case on an engine: values in, values out, and the gradients of one random cotangent.

import { createRandom } from "@attune/core";
import { add, cast, createNullBackend, Engine, fromBfloat16, isFloat, mul, Parameter, scale, sum, widened } from "@attune/tensor";
import type { AnyOp, DType, Tensor } from "@attune/tensor";
import type { CaseOperand, OpCase, Values } from "./format.ts";

type Operand = Tensor | readonly Tensor[];

/** What a case is before its results are known. */
export type Runnable = Pick<OpCase, "inputs" | "attributes">;

/** The tensors by name; "weight[1]" for entries of a list. */
export type Results = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly dtype: DType; readonly values: ArrayLike<number> }>
>;

/** The op's results, and the inputs that it writes. `decomposed` takes the op's decomposition instead of the backend's kernel. */
export async function runCase(
  engine: Engine,
  op: AnyOp,
  { inputs, attributes }: Runnable,
  { decomposed = false }: { decomposed?: boolean } = {},
): Promise<Results> {
  const results = engine.scope(() => {
    const operands = mapOperands(inputs, (values) => tensorFrom(engine, values));
    const typed = typedAttributes(engine, attributes);
    const outputs = engine.noGradient(() =>
      decomposed ? engine.scope(() => op.decompose!(operands, typed)) : engine.run(op, operands, typed),
    );
    return { ...Object.fromEntries((op.writes ?? []).map((name) => [name, operands[name]])), ...(outputs as Record<string, Operand>) };
  });
  return readAll(results);
}

/** True for a call that has no decomposition though others of its op have. */
export function isPrimitive(op: AnyOp, { inputs, attributes }: Runnable): boolean {
  const engine = new Engine(createNullBackend());
  return engine.scope(() => {
    const operands = mapOperands(inputs, (values) => tensorFrom(engine, values));
    return engine.noGradient(() => op.decompose?.(operands, attributes)) === undefined;
  });
}

/**
 * How the op's inputs hang together with parameters: `leaf`: they are parameters, so that destinations are used; `value`: they were computed
 * from parameters; `shared`: another op used them too, so that a cotangent is already waiting.
 */
export type GradientRoute = "leaf" | "value" | "shared";

/** Gradients of every float input for a random cotangent of the first output, through the tape. Absent: nothing flowed. */
export async function gradientsOf(engine: Engine, op: AnyOp, { inputs, attributes }: Runnable, route: GradientRoute): Promise<Results> {
  const parameters: Record<string, Parameter> = {};
  engine.scope(() => {
    const random = createRandom(2, `cotangent/${op.name}`);
    const cotangentFor = (tensor: Tensor): Tensor =>
      engine.from(
        Array.from({ length: tensor.size }, () => random.normal()),
        tensor.shape,
        tensor.dtype,
      );
    const computed: Tensor[] = [];
    const operands = mapOperands(inputs, (values, name) => {
      if (!isFloat(values.dtype)) return tensorFrom(engine, values);
      const wide = { ...values, dtype: "f32" } as const;
      parameters[name] = new Parameter(name, engine.keep(tensorFrom(engine, wide)));
      const narrow = values.dtype === "bf16";
      if (route === "leaf") return narrow ? cast(parameters[name].value, "bf16") : parameters[name].value;
      computed.push(scale(parameters[name].value, 1));
      return narrow ? cast(computed.at(-1)!, "bf16") : computed.at(-1)!;
    });
    const output = differentiableOutput(engine.run(op, operands, typedAttributes(engine, attributes)));
    const cotangent = cotangentFor(output);
    if (route !== "shared") return engine.backward(output, { cotangent });
    const others = computed.map((tensor) => sum(mul(tensor, cotangentFor(tensor))));
    engine.backward(others.reduce((total, other) => add(total, other), sum(mul(widened(output), widened(cotangent)))));
  });
  const gradients = Object.entries(parameters).flatMap(([name, { gradient }]) => (gradient ? [[name, gradient] as const] : []));
  const results = await readAll(Object.fromEntries(gradients), { dispose: false });
  for (const parameter of Object.values(parameters)) parameter.dispose();
  return results;
}

/** A tensor of the engine's float type, or of the integer type. */
export function tensorFrom(engine: Engine, { dtype, shape, data }: Values): Tensor {
  return engine.from(data, shape, dtype === "f32" ? engine.float : dtype);
}

/** The first output that carries gradients: what a user of the op differentiates. */
export function differentiableOutput(outputs: Readonly<Record<string, Tensor | undefined>>): Tensor {
  return Object.values(outputs).find((tensor) => tensor !== undefined && isFloat(tensor.dtype))!;
}

/** Attributes for this engine: a type that says f32 means its float type. */
export function typedAttributes(engine: Engine, attributes: OpCase["attributes"]): object {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value === "f32" ? engine.float : value]));
}

/** The same names and lists, with every tensor replaced; `name` tells entries of lists apart. */
export function mapOperands<T>(
  inputs: Readonly<Record<string, CaseOperand>>,
  fn: (values: Values, name: string) => T,
): Record<string, T | T[]> {
  const entries = Object.entries(inputs).map(
    ([name, operand]) => [name, isList(operand) ? operand.map((one, i) => fn(one, `${name}[${i}]`)) : fn(operand, name)] as const,
  );
  return Object.fromEntries(entries) as Record<string, T | T[]>;
}

/** True for a list operand. */
export function isList<T>(operand: T | readonly T[]): operand is readonly T[] {
  return Array.isArray(operand);
}

async function readAll(
  tensors: Readonly<Record<string, Operand | undefined>>,
  { dispose = true }: { dispose?: boolean } = {},
): Promise<Results> {
  const results: Record<string, Results[string]> = {};
  const named = Object.entries(tensors).flatMap(([name, operand]) =>
    isList(operand) ? operand.map((one, i) => [`${name}[${i}]`, one] as const) : [[name, operand] as const],
  );
  for (const [name, tensor] of named) {
    if (!tensor) continue;
    const values = await tensor.read();
    results[name] = { shape: tensor.shape, dtype: tensor.dtype, values: values instanceof Uint16Array ? fromBfloat16(values) : values };
  }
  if (dispose) for (const tensor of new Set(named.map(([, one]) => one))) tensor?.dispose(); // a decomposition may give one tensor twice
  return results;
}
