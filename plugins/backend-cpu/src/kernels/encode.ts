// What the kernel files share: an encoder per op, typed by the op's own definition, and the guard that sends other element types to its decomposition.

import type { DType, Inputs, Kernel, KernelCall, Op, Operand, Outputs, Slot, Tensor } from "@attune/tensor";
import type { Address, CommandWriter } from "../command-writer.ts";

/** What an encoder reads of a launch. */
export interface Call<I, O, A> {
  readonly inputs: I;
  readonly outputs: O;
  readonly attributes: A;
  readonly label: string;
  /** What it gives is kept for backward, or computed again then: the call belongs to a training step. */
  readonly recorded: boolean;
  /** The scratch memory that `workspace` asked for. */
  readonly workspace: Address | undefined;
}

type Planned<I, O, A> = Omit<Call<I, O, A>, "workspace">;

export interface EncoderOptions<I, O, A> {
  /** Bytes of scratch memory. */
  workspace?(call: Planned<I, O, A>): number;
  /** True sends a call to the decomposition, because the command does not cover it. */
  declines?(call: Planned<I, O, A>): boolean;
  /** The command knows bf16, too. */
  readonly bf16?: boolean;
}

/** Op name to kernel, for spreading into a backend's table. */
export type KernelEntry = Record<string, Kernel>;

/** The kernel that `encode` makes of an op's calls: f32, i32 and u8, and bf16 where the command knows it. */
export function encoder<I extends Inputs, O extends Outputs, A extends object>(
  op: Op<I, O, A>,
  encode: (call: Call<I, O, A>) => void,
  { workspace, declines, bf16 = false }: EncoderOptions<I, O, A> = {},
): KernelEntry {
  const types: readonly DType[] = bf16 ? ["f32", "i32", "u8", "bf16"] : ["f32", "i32", "u8"];
  const typed = (call: Omit<KernelCall, "workspace"> & { workspace?: Slot }): Call<I, O, A> => call as unknown as Call<I, O, A>;
  return {
    [op.name]: {
      run: (call) => encode(typed(call)),
      supports: (call) =>
        [...tensorsIn(call.inputs), ...tensorsIn(call.outputs)].every(({ dtype }) => types.includes(dtype)) && !declines?.(typed(call)),
      ...(workspace && { workspace: (call) => workspace(typed(call)) }),
    },
  };
}

/** Makes the kernels of a family for one command writer. */
export type KernelFamily = (writer: CommandWriter) => KernelEntry;

function tensorsIn(inputs: Readonly<Record<string, Operand>>): Tensor[] {
  return Object.values(inputs).flatMap((operand) =>
    operand === undefined ? [] : Array.isArray(operand) ? (operand as readonly Tensor[]) : [operand as Tensor],
  );
}

/** Rows before the last axis, and its length. */
export function rowsAndWidth({ shape }: Tensor): [rows: number, width: number] {
  const width = shape[shape.length - 1] ?? 1;
  return [shape.slice(0, -1).reduce((rows, length) => rows * length, 1), width];
}

/** Element strides of `shape` seen as the larger `dims` (0 along broadcast axes). */
export function broadcastStrides(shape: readonly number[], dims: readonly number[]): number[] {
  const own = stridesOf(shape);
  const missing = dims.length - shape.length;
  return dims.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]));
}

/** Element strides of a contiguous shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
