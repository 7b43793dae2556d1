// The engine runs ops on one backend: it owns the scopes, the tape and the labels, so that nothing ambient exists. All of it is synchronous:
// work is enqueued, and only reading back is awaited.

import { AttuneError } from "@attune/core";
import type { Attributes, Backend, KernelCall, Lifetime, Need } from "./backend.ts";
import { walkBackward } from "./backward.ts";
import type { OnGradient } from "./backward.ts";
import { bytesPerElement, hostValues, typeOf } from "./dtype.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { rehearsalOf } from "./rehearsal.ts";
import { savedBy } from "./op.ts";
import type { AnyOp, Inputs } from "./op.ts";
import { ScopeStack } from "./scope.ts";
import { shapeError, shapeText, sizeOf } from "./shape.ts";
import type { Shape, Spec } from "./shape.ts";
import { edgesOf, Tape, tensorsOf } from "./tape.ts";
import type { Edge, TapeNode } from "./tape.ts";
import type { Parameter } from "./parameter.ts";
import { Storage, Tensor } from "./tensor.ts";
import { inSingle, noKernel } from "./without-kernel.ts";

export class Engine {
  #backend: Backend;
  /** The type of new float tensors: f32, or f64 for gradient checks on the reference backend. */
  readonly float: "f32" | "f64";
  /** What models keep activations in, and multiply. bf16 rounds the operands of matrix products; sums, parameters and residuals stay `float`. */
  compute: "f32" | "f64" | "bf16";
  readonly #scopes = new ScopeStack();
  #tape: Tape | undefined = new Tape();
  #labels: string[] = [];
  #met: Set<Parameter> | undefined;
  /** What runs without a tape belongs to a training step all the same. */
  #training = false;

  constructor(backend: Backend, { float = "f32", compute = float }: { float?: "f32" | "f64"; compute?: "f32" | "f64" | "bf16" } = {}) {
    this.#backend = backend;
    this.float = float;
    this.compute = compute;
  }

  get backend(): Backend {
    return this.#backend;
  }

  /**
   * What `fn` would need in memory beside what is live already; nothing is computed. `fn` clears the
   * gradients that it makes.
   */
  rehearse(fn: () => void): Need {
    const real = this.#backend;
    const rehearsal = rehearsalOf(real);
    this.#backend = rehearsal.backend;
    try {
      this.scope(fn);
    } finally {
      this.#backend = real;
    }
    return rehearsal.need();
  }

  /** Frees what `fn` made and did not return; a returned tensor (also in arrays and plain objects) moves to the enclosing scope, or to the caller. */
  scope<T>(fn: () => T): T {
    try {
      return this.#scopes.run(fn);
    } finally {
      if (this.#scopes.depth === 0) this.#tape?.clear();
    }
  }

  /** Runs `fn` without a tape: nothing is saved for backward. */
  noGradient<T>(fn: () => T): T {
    return this.#untaped(false, fn);
  }

  /** Runs `fn` without a tape, as what will run again during backward: if there is a tape, a gradient will flow through it after all. */
  recomputed<T>(fn: () => T): T {
    return this.#untaped(this.#tape !== undefined || this.#training, fn);
  }

  /** Runs `fn` recording on another tape, or on none. */
  withTape<T>(tape: Tape | undefined, fn: () => T): T {
    const outer = this.#tape;
    this.#tape = tape;
    try {
      return fn();
    } finally {
      this.#tape = outer;
    }
  }

  /** Runs `fn` with models computing in another type. */
  computing<T>(type: Engine["compute"], fn: () => T): T {
    const outer = this.compute;
    this.compute = type;
    try {
      return fn();
    } finally {
      this.compute = outer;
    }
  }

  /** Adds `name` to the path that errors and profiles show for what `fn` launches. */
  labelled<T>(name: string, fn: () => T): T {
    this.#labels.push(name);
    try {
      return fn();
    } finally {
      this.#labels.pop();
    }
  }

  /** A tensor from host values, copied; numbers become the engine's float type unless `dtype` says otherwise. */
  from(values: TypedArray | readonly number[], shape: Shape = [values.length], dtype: DType = typeOf(values) ?? this.float): Tensor {
    if (sizeOf(shape) !== values.length) throw shapeError("from", `${sizeOf(shape)} values for ${shapeText(shape)}`, String(values.length));
    this.#scopes.expectOpen("a new tensor");
    const tensor = this.#own(this.#make({ shape, dtype }, "temporary"));
    this.writeTo(tensor, values);
    return tensor;
  }

  /** Copies as many host values as a tensor has into its memory, converting numbers to its type; of bf16 and f16, a Uint16Array holds patterns. */
  writeTo(tensor: Tensor, values: TypedArray | readonly number[]): void {
    if (values.length !== tensor.size)
      throw shapeError("write", `${tensor.size} values for ${shapeText(tensor.shape)}`, String(values.length));
    const bytes = hostValues(values, tensor.dtype);
    const offset = tensor.offset * bytesPerElement[tensor.dtype];
    this.backend.write(tensor.storage.slot, offset, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    tensor.storage.version++;
  }

  /** A long-lived tensor outside of all scopes (parameters, gradients, optimiser state), not initialised; `dispose()` it. */
  makePersistent(shape: Shape, dtype: DType): Tensor {
    const tensor = this.#make({ shape, dtype }, "persistent");
    tensor.storage.retain();
    return tensor;
  }

  /** Keeps a tensor beyond its scope, until `dispose()`. */
  keep(tensor: Tensor): Tensor {
    tensor.expectAlive("keep");
    tensor.storage.retain();
    return tensor;
  }

  /** Hands a reference that the caller holds over to the innermost scope. */
  adopt(tensor: Tensor): void {
    this.#scopes.own(tensor);
  }

  /** The same values in another shape, sharing memory; used by the reshape and slice ops. */
  view(base: Tensor, spec: Spec & { offset?: number }): Tensor {
    const tensor = new Tensor(base.storage, { shape: spec.shape, dtype: spec.dtype, offset: base.offset + (spec.offset ?? 0) });
    return this.#own(tensor);
  }

  /**
   * Gradients of `output` for every trainable parameter behind it, added to `parameter.gradient`. Empties the tape.
   * `cotangent` has the output's shape and defaults to 1 for a scalar.
   */
  backward(output: Tensor, { cotangent, onGradient }: { cotangent?: Tensor; onGradient?: OnGradient } = {}): void {
    const tape = this.#tape;
    if (!tape)
      throw new AttuneError({ code: "E_NO_GRADIENT", place: "backward", problem: "there is no tape: it was called inside noGradient" });
    if (!cotangent && output.size !== 1) {
      throw new AttuneError({ code: "E_SHAPE", place: "backward", expected: "a scalar, or a cotangent", got: shapeText(output.shape) });
    }
    this.withTape(undefined, () => {
      this.scope(() => walkBackward(this, tape, output, cotangent ?? this.from([1], output.shape, output.dtype), onGradient));
    });
  }

  /** Checks, launches or decomposes, and records. What `defineOp` calls. */
  run(op: AnyOp, inputs: Inputs, attributes: object): Record<string, Tensor> {
    this.#scopes.expectOpen(op.name);
    for (const operand of Object.values(inputs)) for (const tensor of tensorsOf(operand)) this.#expectMine(op.name, tensor);
    const specs = op.infer(inputs, attributes);
    const label = this.#label(op.name);
    const edges = this.#tape && op.vjp && !op.writes ? edgesOf(inputs) : [];
    const outputs = this.#compute(op, inputs, attributes, specs, label, edges.length > 0);
    for (const name of op.writes ?? []) for (const { storage } of tensorsOf(inputs[name])) storage.version++;
    return edges.length > 0 ? this.#record(op, inputs, attributes, outputs, label, edges) : outputs;
  }

  /**
   * Records a node whose computation was done by other means (views, checkpoint); outputs come back with their origin.
   * `captured` are parameters that the vjp itself brings gradients to.
   */
  record(
    op: AnyOp,
    inputs: Inputs,
    attributes: object,
    outputs: Record<string, Tensor>,
    captured: Iterable<Parameter> = [],
  ): Record<string, Tensor> {
    if (!this.#tape) return outputs;
    const edges = [
      ...edgesOf(inputs),
      ...Array.from(captured, (parameter): Edge => ({ input: "captured", index: undefined, origin: { parameter } })),
    ];
    return edges.length > 0 ? this.#record(op, inputs, attributes, outputs, this.#label(op.name), edges) : outputs;
  }

  /** Runs `fn` and says which trainable parameters its ops met. */
  observingParameters<T>(fn: () => T): { result: T; met: ReadonlySet<Parameter> } {
    const outer = this.#met;
    const met = new Set<Parameter>();
    this.#met = met;
    try {
      return { result: fn(), met };
    } finally {
      this.#met = outer;
      if (outer) for (const parameter of met) outer.add(parameter);
    }
  }

  #compute(
    op: AnyOp,
    inputs: Inputs,
    attributes: object,
    specs: ReturnType<AnyOp["infer"]>,
    label: string,
    recorded: boolean,
  ): Record<string, Tensor> {
    const offset = op.view?.(inputs, attributes);
    if (offset !== undefined) return { y: this.view(inputs.x as Tensor, { ...specs.y!, offset }) };
    const outputs: Record<string, Tensor> = {};
    const training = recorded || this.#training;
    const call = { op: op.name, inputs, outputs, attributes: attributes as Attributes, recorded: training, label };
    const kernel = this.backend.kernels[op.name];
    if (!kernel || kernel.supports?.(call) === false) return this.#decompose(op, inputs, attributes, { specs, label, training });
    const saved = recorded ? [...(savedBy(op, inputs).outputs ?? []), ...(op.keeps?.(attributes) ?? [])] : [];
    for (const [name, spec] of Object.entries(specs)) {
      if (spec) outputs[name] = this.#own(this.#make(spec, saved.includes(name) ? "saved" : "temporary"));
    }
    const bytes = kernel.workspace?.(call) ?? 0;
    const workspace = bytes > 0 ? this.backend.alloc(bytes, "temporary") : undefined;
    this.backend.counters.launches++;
    try {
      kernel.run({ ...call, workspace } satisfies KernelCall);
    } finally {
      if (workspace) this.backend.free(workspace);
    }
    return outputs;
  }

  #decompose(
    op: AnyOp,
    inputs: Inputs,
    attributes: object,
    { specs, label, training }: { specs: ReturnType<AnyOp["infer"]>; label: string; training: boolean },
  ): Record<string, Tensor> {
    const work = (): unknown =>
      inSingle(this, op, inputs, { attributes, specs }) ?? this.labelled(op.name, () => op.decompose?.(inputs, attributes));
    const outputs = this.#untaped(training, () => this.scope(work)) as Record<string, Tensor> | undefined;
    if (outputs) return outputs;
    throw noKernel(this.backend, op.name, label, { inputs, specs });
  }

  #record(
    op: AnyOp,
    inputs: Inputs,
    attributes: object,
    outputs: Record<string, Tensor>,
    label: string,
    edges: TapeNode["edges"],
  ): Record<string, Tensor> {
    const saved: TapeNode["saved"] = {};
    const names = savedBy(op, inputs);
    for (const name of names.inputs ?? []) saved[name] = inputs[name];
    for (const name of names.outputs ?? []) saved[name] = outputs[name];
    const parameters = new Set(
      edges.flatMap(({ input, origin }) => (input === "captured" && "parameter" in origin ? [origin.parameter] : [])),
    );
    for (const operand of Object.values(saved)) {
      for (const { storage } of tensorsOf(operand)) {
        storage.retain();
        if (storage.parameter) parameters.add(storage.parameter);
      }
    }
    const versions = Array.from(parameters, (parameter) => ({ parameter, version: parameter.version }));
    const specs = Object.fromEntries(
      Object.entries(inputs).map(([name, operand]) => [
        name,
        Array.isArray(operand) ? operand.map(specOf) : operand && specOf(operand as Tensor),
      ]),
    );
    const node: TapeNode = { op, attributes, label, edges, specs, saved, versions, pending: new Map(), released: false };
    this.#tape!.nodes.push(node);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, this.#withOrigin(tensor, node, name)]));
  }

  /** The same tensor with its origin; the scope's reference passes to the new handle. */
  #withOrigin(tensor: Tensor, node: TapeNode, output: string): Tensor {
    if (tensor.dtype === "i32" || tensor.dtype === "u8") return tensor;
    const { storage, shape, dtype, offset } = tensor;
    const wrapped = new Tensor(storage, { shape, dtype, offset, origin: { node, output } });
    this.#scopes.replace(tensor, wrapped);
    return wrapped;
  }

  #untaped<T>(training: boolean, fn: () => T): T {
    const outer = this.#training;
    this.#training = training;
    try {
      return this.withTape(undefined, fn);
    } finally {
      this.#training = outer;
    }
  }

  #make({ shape, dtype }: Spec, lifetime: Lifetime): Tensor {
    const slot = this.backend.alloc(sizeOf(shape) * bytesPerElement[dtype], lifetime);
    return new Tensor(new Storage(this, slot), { shape, dtype });
  }

  #own(tensor: Tensor): Tensor {
    this.#scopes.expectOpen("a new tensor");
    tensor.storage.retain();
    this.#scopes.own(tensor);
    return tensor;
  }

  #expectMine(op: string, tensor: Tensor): void {
    tensor.expectAlive(op);
    if (this.#met && tensor.origin && "parameter" in tensor.origin) this.#met.add(tensor.origin.parameter);
    if (tensor.engine === this) return;
    throw new AttuneError({ code: "E_ENGINE", place: op, problem: "tensors of two engines cannot meet in one op" });
  }

  #label(op: string): string {
    return this.#labels.length === 0 ? op : `${this.#labels.join("/")}/${op}`;
  }
}

const specOf = ({ shape, dtype }: Tensor): Spec => ({ shape, dtype });
