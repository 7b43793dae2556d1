// The backward walk: newest node first, each saved tensor freed after its last use, so the peak is what was saved plus one layer.

import { AttuneError } from "@attune/core";
import { addInto } from "./ops/add-into.ts";
import { add } from "./ops/binary.ts";
import { cast, widened } from "./ops/cast.ts";
import type { Engine } from "./engine.ts";
import type { Sink } from "./op.ts";
import type { Destination, Parameter } from "./parameter.ts";
import { expectType, sameShape, shapeText } from "./shape.ts";
import { expectFresh, isReleased, releaseNode } from "./tape.ts";
import type { Edge, Tape, TapeNode } from "./tape.ts";
import type { Origin, Tensor } from "./tensor.ts";

/** Called once per parameter, as soon as its gradient is complete. */
export type OnGradient = (parameter: Parameter, gradient: Tensor) => void;

/** Pulls `cotangent` back through the tape: every trainable parameter that `output` depends on gets its gradient added. */
export function walkBackward(engine: Engine, tape: Tape, output: Tensor, cotangent: Tensor, onGradient?: OnGradient): void {
  if (!output.origin) {
    throw new AttuneError({
      code: "E_NO_GRADIENT",
      place: "backward",
      problem: "the output depends on no trainable parameter (or was computed without a tape)",
    });
  }
  if (isReleased(output.origin)) {
    throw new AttuneError({
      code: "E_NO_GRADIENT",
      place: "backward",
      problem: "what led to the output was already let go: backward has run, or the scope of the step has ended",
      hint: "call backward once per step, inside of its scope; add losses up before",
    });
  }
  if (!sameShape(output.shape, cotangent.shape)) {
    throw new AttuneError({
      code: "E_SHAPE",
      place: "backward",
      expected: `a cotangent ${shapeText(output.shape)}`,
      got: shapeText(cotangent.shape),
    });
  }
  expectType("backward", "cotangent", cotangent, output.dtype);
  const uses = countUses(tape, output);
  const done = (origin: Origin): void => {
    if (!("parameter" in origin)) return;
    const left = uses.get(origin.parameter)! - 1;
    uses.set(origin.parameter, left);
    if (left === 0 && origin.parameter.gradient) onGradient?.(origin.parameter, origin.parameter.gradient);
  };
  receive(output.origin, cotangent);
  done(output.origin);
  for (const node of tape.drainBackwards()) {
    try {
      if (node.pending.size > 0) engine.scope(() => pullBack(engine, node));
    } finally {
      releaseNode(node);
    }
    for (const edge of node.edges) done(edge.origin);
  }
}

function pullBack(engine: Engine, node: TapeNode): void {
  expectFresh(node);
  const cotangents = Object.fromEntries([...node.pending].map(([name, tensor]) => [`d${name}`, tensor]));
  const sink = new WalkSink(node);
  const gradients = engine.labelled(node.label, () => node.op.vjp!(node.saved, cotangents, node.attributes, sink));
  for (const edge of node.edges) {
    const given = gradients[edge.input];
    const gradient = (edge.index === undefined ? given : (given as readonly (Tensor | undefined)[] | undefined)?.[edge.index]) as
      | Tensor
      | undefined;
    if (gradient) receive(edge.origin, gradient);
  }
}

/** Adds a contribution where it belongs: into a parameter's gradient, or to what waits at a node's output. */
function receive(origin: Origin, gradient: Tensor): void {
  if ("parameter" in origin) {
    const { tensor, accumulate } = origin.parameter.gradientDestination();
    addInto(tensor, gradient, { accumulate });
    return;
  }
  const { node, output } = origin;
  const waiting = node.pending.get(output);
  if (!waiting) {
    gradient.storage.retain(); // adopted, not copied
    node.pending.set(output, gradient);
  } else if (waiting.storage.references === 1) {
    addInto(waiting, gradient, { accumulate: true });
  } else {
    const sum = cast(add(widened(waiting), widened(gradient)), waiting.dtype);
    sum.storage.retain();
    node.pending.set(output, sum);
    waiting.storage.release();
  }
}

/** How often each parameter will be met by the walk. */
function countUses(tape: Tape, output: Tensor): Map<Parameter, number> {
  const uses = new Map<Parameter, number>();
  const count = (origin: Origin): void => {
    if ("parameter" in origin) uses.set(origin.parameter, (uses.get(origin.parameter) ?? 0) + 1);
  };
  for (const node of tape.nodes) for (const edge of node.edges) count(edge.origin);
  count(output.origin!);
  return uses;
}

class WalkSink implements Sink {
  readonly #node: TapeNode;

  constructor(node: TapeNode) {
    this.#node = node;
  }

  needs(input: string, index?: number): boolean {
    return this.#edge(input, index) !== undefined;
  }

  spec(input: string, index?: number) {
    const spec = this.#node.specs[input];
    return (Array.isArray(spec) ? spec[index ?? 0] : spec) as ReturnType<Sink["spec"]>;
  }

  count(input: string): number {
    const specs = this.#node.specs[input];
    return Array.isArray(specs) ? specs.length : 1;
  }

  leaf(input: string, index?: number): Destination | undefined {
    const edge = this.#edge(input, index);
    return edge && "parameter" in edge.origin ? edge.origin.parameter.gradientDestination() : undefined;
  }

  pending(input: string, index?: number): Tensor | undefined {
    const edge = this.#edge(input, index);
    if (!edge || "parameter" in edge.origin) return undefined;
    const { node, output } = edge.origin;
    const tensor = node.pending.get(output);
    if (!tensor) return undefined;
    node.pending.delete(output);
    tensor.engine.adopt(tensor);
    return tensor;
  }

  #edge(input: string, index?: number): Edge | undefined {
    return this.#node.edges.find((edge) => edge.input === input && (edge.index ?? 0) === (index ?? 0));
  }
}
