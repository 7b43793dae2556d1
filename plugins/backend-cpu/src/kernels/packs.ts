// Where the panels of weights lie that products read. A weight that is only applied keeps its panels until it changes. A weight that is being
// trained changes with every step: its panels pass through the workspace of the one call that reads them, and cost no memory between two calls.

import type { DType, Slot, Tensor } from "@attune/tensor";
import type { Address, CommandWriter } from "../command-writer.ts";
import type { NativeAddon } from "../native.ts";

export interface PackParts {
  readonly writer: CommandWriter;
  readonly addon: NativeAddon;
  /** Long-lived memory, for panels that are kept. */
  allocate(bytes: number): Slot;
  free(slot: Slot): void;
}

/** The weights of a call and how it reads them. */
export interface WeightUse {
  readonly weights: readonly Tensor[];
  /** "gradient" panels are of the transposed weight. */
  readonly layout: "forward" | "gradient";
  /** Of the operand that they meet. */
  readonly type: DType;
  /** The call belongs to a training step. */
  readonly training: boolean;
}

/** Bytes: panels begin at whole cache lines. */
const ALIGNMENT = 64;

export class WeightPacks {
  readonly #parts: PackParts;

  constructor(parts: PackParts) {
    this.#parts = parts;
  }

  /** Bytes of workspace for the panels that are not kept. */
  workspace(use: WeightUse): number {
    return use.weights.reduce((bytes, weight) => bytes + (passes(weight, use) ? this.#bytes(weight, use) : 0), 0);
  }

  /** The panels of each weight: those made before, or new ones. A workspace is free again after the call. */
  addresses(use: WeightUse, workspace: Address | undefined, label: string): Address[] {
    let at = workspace?.address ?? 0;
    return use.weights.map((weight) => {
      if (!passes(weight, use)) return this.#kept(weight, use, label);
      const panels = { address: at, bytes: this.#bytes(weight, use) };
      at += panels.bytes;
      this.#forget(weight);
      this.#pack(weight, use, panels, label);
      return panels;
    });
  }

  #kept(weight: Tensor, use: WeightUse, label: string): Address {
    const { derived, version } = weight.storage;
    const made = derived.get(keyOf(weight, use));
    if (made?.version === version) return made.slot as Address;
    const slot = (made?.slot ?? this.#parts.allocate(this.#bytes(weight, use))) as Address & Slot;
    this.#pack(weight, use, slot, label);
    derived.set(keyOf(weight, use), { slot, version });
    return slot;
  }

  /** Gives back panels that an evaluation left, of every type and layout: the weight is about to outlive them all. */
  #forget({ storage: { derived } }: Tensor): void {
    for (const { slot } of derived.values()) this.#parts.free(slot);
    derived.clear();
  }

  #pack(weight: Tensor, { layout, type }: WeightUse, to: Address, label: string): void {
    const [rows, width] = weight.shape;
    const { writer } = this.#parts;
    writer
      .begin("pack", `${label}/pack`)
      .tensor(weight)
      .address(to)
      .real(rows, width, layout === "gradient")
      .named("dtype", type)
      .end();
  }

  #bytes({ shape: [rows, width] }: Tensor, { layout, type }: WeightUse): number {
    const [columns, depth] = layout === "gradient" ? [width, rows] : [rows, width];
    return Math.ceil(this.#parts.addon.packedBytes(columns, depth, type === "bf16") / ALIGNMENT) * ALIGNMENT;
  }
}

/** Views of one storage may start at the same place. */
const keyOf = ({ offset, shape }: Tensor, { layout, type }: WeightUse): string => `${layout} ${type}@${offset}:${shape.join("x")}`;

const passes = ({ storage: { parameter } }: Tensor, { training }: WeightUse): boolean => training && parameter?.trainable === true;
