// The machine as benchmarks see it: a backend, and its own peaks measured in the same process. A peak is the best of all probes so far, since
// one that was taken under load flatters every fraction.

import { createCpuBackend, loadAddon } from "@attune/backend-cpu";
import type { NativeInstance } from "@attune/backend-cpu";
import type { Backend } from "@attune/tensor";
import { withSlowKernel } from "./slow-kernel.ts";

export class Machine implements AsyncDisposable {
  readonly backend: Backend;
  /** "avx2" */
  readonly isa: string;
  readonly threads: number;
  readonly #instance: NativeInstance;
  #flops = 0;
  #stream = 0;

  constructor() {
    const addon = loadAddon();
    this.backend = withSlowKernel(createCpuBackend());
    this.isa = addon.instructionSet().name;
    this.#instance = new addon.Instance();
    this.threads = this.#instance.threads;
    this.probe();
  }

  /** Whether products of bf16 operands run natively or widened here. */
  get hasBf16(): boolean {
    return this.backend.limits.types.includes("bf16");
  }

  /** Measures the peaks again; call between benchmarks, while the queue is empty. */
  probe(): void {
    this.#flops = Math.max(this.#flops, this.#instance.peakFlops());
  }

  /** Register-only multiply-adds on all threads, operations a second. */
  get peakFlops(): number {
    return this.#flops;
  }

  /** A copy far larger than the caches, bytes read and written a second; measured when first asked for. */
  get streamBytes(): number {
    this.#stream ||= this.#instance.streamBytes();
    return this.#stream;
  }

  /** For a person: "AVX2, 2 threads, own peak 206 GFLOP/s". */
  get description(): string {
    return `${this.backend.description}, own peak ${(this.#flops / 1e9).toFixed(0)} GFLOP/s`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#instance.close();
    await this.backend.dispose();
  }
}
