// What becomes of a call that a backend has no kernel for, before it is decomposed: where bf16 is only how operands are stored, the op in f32 with its
// results rounded, which is what the reference computes. Ops whose arithmetic the type of an operand decides have decompositions that say what is rounded.

import { AttuneError } from "@attune/core";
import type { Backend, Operand } from "./backend.ts";
import type { Engine } from "./engine.ts";
import type { AnyOp, Inputs } from "./op.ts";
import { cast, widened } from "./ops/cast.ts";
import { tensorsOf } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

type Specs = ReturnType<AnyOp["infer"]>;

/** The outputs of a call by way of f32; undefined where it reads no bf16, or its op writes or says itself what is rounded. */
export function inSingle(
  engine: Engine,
  op: AnyOp,
  inputs: Inputs,
  { attributes, specs }: { attributes: object; specs: Specs },
): Record<string, Tensor> | undefined {
  if (op.roundsItself || op.writes || !typesOf(inputs).includes("bf16")) return undefined;
  const wide = Object.fromEntries(Object.entries(inputs).map(([name, operand]) => [name, wideOf(operand)]));
  const outputs = Object.entries(engine.run(op, wide, attributes));
  return Object.fromEntries(outputs.map(([name, tensor]) => [name, cast(tensor, specs[name]!.dtype)]));
}

/** E_NO_KERNEL, naming the types of the call that the backend does not compute in. */
export function noKernel(
  { name, limits: { types } }: Backend,
  op: string,
  place: string,
  call: { inputs: Inputs; specs: Specs },
): AttuneError {
  const met = [...typesOf(call.inputs), ...Object.values(call.specs).flatMap((spec) => spec?.dtype ?? [])];
  const foreign = [...new Set(met)].filter((type) => !types.includes(type));
  const of = foreign.length > 0 ? ` of ${foreign.join(" and ")}` : "";
  return new AttuneError({
    code: "E_NO_KERNEL",
    place,
    problem: `backend ${name} has no kernel for ${op}${of}, and it has no decomposition`,
    ...(of && { hint: `it takes ${types.join(", ")}: cast to one of these, or use --device typescript` }),
  });
}

function typesOf(inputs: Inputs): Tensor["dtype"][] {
  return Object.values(inputs).flatMap((operand) => tensorsOf(operand).map(({ dtype }) => dtype));
}

function wideOf(operand: Operand): Operand {
  if (operand === undefined) return undefined;
  return Array.isArray(operand) ? (operand as readonly Tensor[]).map(widened) : widened(operand as Tensor);
}
