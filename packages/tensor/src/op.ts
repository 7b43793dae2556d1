// How an op is defined: inference of its outputs, gradient and decomposition side by side, in one file per op.

import { AttuneError } from "@attune/core";
import type { Attributes, Operand } from "./backend.ts";
import type { Destination } from "./parameter.ts";
import type { Spec } from "./shape.ts";
import { tensorsOf } from "./tape.ts";
import type { Tensor } from "./tensor.ts";
import type { Engine } from "./engine.ts";

export type Inputs = Readonly<Record<string, Operand>>;
export type Outputs = Readonly<Record<string, Tensor | undefined>>;

/** Cotangents by output, named `d` + output: `{ dy }`. */
export type Cotangents<O extends Outputs> = { readonly [K in keyof O & string as `d${K}`]: Tensor | undefined };

/** What a vjp returns: one cotangent per input that needs one; lists for list inputs. */
export type Gradients<I extends Inputs> = {
  readonly [K in keyof I]?: I[K] extends readonly Tensor[] | undefined ? readonly (Tensor | undefined)[] : Tensor;
};

/** The walk's side of a vjp: which inputs need a cotangent, and the ways to write one without a temporary. */
export interface Sink<I extends Inputs = Inputs> {
  needs(input: keyof I & string, index?: number): boolean;
  /** The input's shape and type, also when its values were not saved. */
  spec(input: keyof I & string, index?: number): Spec;
  /** How many tensors a list input has. */
  count(input: keyof I & string): number;
  /** The persistent gradient of an input that is a parameter: the vjp writes or adds there itself and returns nothing for it. */
  leaf(input: keyof I & string, index?: number): Destination | undefined;
  /** The cotangent already waiting at this input, handed over: the vjp returns the sum. */
  pending(input: keyof I & string, index?: number): Tensor | undefined;
}

/** Names of inputs and outputs. */
export interface Saved<I extends Inputs, O extends Outputs> {
  readonly inputs?: readonly (keyof I & string)[];
  readonly outputs?: readonly (keyof O & string)[];
}

export interface OpDefinition<I extends Inputs, O extends Outputs, A extends object> {
  readonly name: string;
  /** What backward needs: kept from the forward pass until the vjp has run. A function where it depends on the inputs. */
  readonly saves?: Saved<I, O> | ((inputs: I) => Saved<I, O>);
  /** Outputs that the op does not save itself and another will: where memory for them is best taken. */
  keeps?(attributes: A): readonly (keyof O & string)[];
  /** Inputs that a kernel of this op writes (gradient accumulators, optimiser state). Such an op is never recorded. */
  readonly writes?: readonly (keyof I & string)[];
  /** The only place where shapes and types are checked; names every output, saved statistics included. */
  infer(inputs: I, attributes: A): { readonly [K in keyof O]: Spec | (undefined extends O[K] ? undefined : never) };
  /**
   * For ops that only look at the memory of `x` in another way: where the output `y` starts, in elements. Such a call launches nothing.
   * Undefined: this call needs a kernel.
   */
  view?(inputs: I, attributes: A): number | undefined;
  /** Absent: no gradient flows through this op. */
  vjp?(saved: Partial<I> & Partial<O>, cotangents: Cotangents<O>, attributes: A, sink: Sink<I>): Gradients<I>;
  /** The same outputs from simpler ops; absent for primitives, which every backend must have, and undefined for calls that are primitive. */
  decompose?(inputs: I, attributes: A): O | undefined;
  /**
   * True where the type of an operand decides what is rounded on the way (products, norms, attention): kernels and decomposition know. Other ops only
   * find their operands stored in bf16; without a kernel for that they are computed in f32, and the results are rounded.
   */
  readonly roundsItself?: boolean;
}

export interface Op<I extends Inputs = Inputs, O extends Outputs = Outputs, A extends object = Attributes> extends OpDefinition<I, O, A> {
  /** Checks, launches (or decomposes) and records. */
  (inputs: I, attributes: A): O;
}

/** An op as the engine, the tape and the table see it: names instead of types. */
export interface AnyOp {
  readonly name: string;
  readonly saves?: AnySaved | ((inputs: Inputs) => AnySaved);
  keeps?(attributes: object): readonly string[];
  readonly writes?: readonly string[];
  readonly roundsItself?: boolean;
  infer(inputs: Inputs, attributes: object): Readonly<Record<string, Spec | undefined>>;
  view?(inputs: Inputs, attributes: object): number | undefined;
  vjp?(
    saved: Readonly<Record<string, Operand>>,
    cotangents: Readonly<Record<string, Tensor | undefined>>,
    attributes: object,
    sink: Sink,
  ): Readonly<Record<string, Operand | readonly (Tensor | undefined)[]>>;
  decompose?(inputs: Inputs, attributes: object): Outputs | undefined;
}

type AnySaved = { readonly inputs?: readonly string[]; readonly outputs?: readonly string[] };

/** What an op saves of a call. */
export function savedBy({ saves }: AnyOp, inputs: Inputs): AnySaved {
  return (typeof saves === "function" ? saves(inputs) : saves) ?? {};
}

/** Makes an op callable. Ops without tensor inputs are run with `runOn`. */
export function defineOp<I extends Inputs, O extends Outputs, A extends object>(definition: OpDefinition<I, O, A>): Op<I, O, A> {
  const call = (inputs: I, attributes: A): O => runOn(engineOf(definition.name, inputs), definition, inputs, attributes);
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(definition)) as Op<I, O, A>;
}

/** Runs an op on an engine; what ops without tensor inputs (fill) need. */
export function runOn<I extends Inputs, O extends Outputs, A extends object>(
  engine: Engine,
  op: OpDefinition<I, O, A>,
  inputs: I,
  attributes: A,
): O {
  return engine.run(erase(op), inputs, attributes) as unknown as O;
}

/** The same op with names instead of types. */
export function erase<I extends Inputs, O extends Outputs, A extends object>(op: OpDefinition<I, O, A>): AnyOp {
  return op as unknown as AnyOp;
}

/** The engine of an op's first tensor; E_NO_TENSOR without one. */
export function engineOf(op: string, inputs: Inputs): Engine {
  for (const operand of Object.values(inputs)) for (const tensor of tensorsOf(operand)) return tensor.engine;
  throw new AttuneError({ code: "E_NO_TENSOR", place: op, problem: "was called without a tensor" });
}
