// The tape: what ran, what backward needs of it, and where gradients go. Nodes hold references to exactly the tensors that their op saves.

import { AttuneError } from "@attune/core";
import type { Operand } from "./backend.ts";
import type { AnyOp, Inputs } from "./op.ts";
import type { Parameter } from "./parameter.ts";
import type { Spec } from "./shape.ts";
import type { Origin, Tensor } from "./tensor.ts";

/** One differentiable input of a recorded op. */
export interface Edge {
  readonly input: string;
  /** Position in a list input; undefined for a single tensor. */
  readonly index: number | undefined;
  readonly origin: Origin;
}

export interface TapeNode {
  readonly op: AnyOp;
  readonly attributes: object;
  readonly label: string;
  readonly edges: readonly Edge[];
  readonly specs: Readonly<Record<string, Spec | readonly Spec[] | undefined>>;
  /** Saved inputs and outputs by name. */
  readonly saved: Record<string, Operand>;
  /** Versions of the parameters among the saved tensors. */
  readonly versions: readonly { readonly parameter: Parameter; readonly version: number }[];
  /** Cotangents that have arrived, by output. */
  readonly pending: Map<string, Tensor>;
  /** Backward has passed here, or the scope of the step has ended: gradients can no longer flow. */
  released: boolean;
}

export class Tape {
  readonly nodes: TapeNode[] = [];

  /** Newest first, popping as it goes. */
  *drainBackwards(): Generator<TapeNode> {
    for (let node = this.nodes.pop(); node; node = this.nodes.pop()) yield node;
  }

  /** Lets go of everything recorded. */
  clear(): void {
    for (const node of this.drainBackwards()) releaseNode(node);
  }
}

/** Every tensor of an operand. */
export function tensorsOf(operand: Operand): readonly Tensor[] {
  if (operand === undefined) return [];
  return Array.isArray(operand) ? (operand as readonly Tensor[]) : [operand as Tensor];
}

/** The differentiable inputs, in order. */
export function edgesOf(inputs: Inputs): Edge[] {
  const edges: Edge[] = [];
  for (const [input, operand] of Object.entries(inputs)) {
    const list = Array.isArray(operand);
    tensorsOf(operand).forEach((tensor, i) => {
      if (tensor.origin && !isReleased(tensor.origin)) edges.push({ input, index: list ? i : undefined, origin: tensor.origin });
    });
  }
  return edges;
}

/** True when the node that a tensor came from is no longer on its tape: such a tensor is a constant. */
export function isReleased(origin: Origin): boolean {
  return "node" in origin && origin.node.released;
}

/** Gives back what the node saved and what waited at it. */
export function releaseNode(node: TapeNode): void {
  node.released = true;
  for (const operand of Object.values(node.saved)) for (const tensor of tensorsOf(operand)) tensor.storage.release();
  for (const tensor of node.pending.values()) tensor.storage.release();
  for (const name of Object.keys(node.saved)) delete node.saved[name];
  node.pending.clear();
}

/** E_STALE when a parameter that the node saved was updated since. */
export function expectFresh(node: TapeNode): void {
  const stale = node.versions.find(({ parameter, version }) => parameter.version !== version);
  if (!stale) return;
  throw new AttuneError({
    code: "E_STALE",
    place: node.label,
    problem: `parameter ${stale.parameter.name} was updated between forward and backward`,
    expected: `version ${stale.version}`,
    got: String(stale.parameter.version),
  });
}
