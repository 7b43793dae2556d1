// Encodes commands as records of doubles: `[op, words, seq, addresses, integers, reals]` in the order of the command list. One buffer is
// filled and handed over whole, every 64 commands or when somebody waits.

import type { RandomMask, Tensor } from "@attune/tensor";
import { bytesPerElement } from "@attune/tensor";
import type { CommandTable } from "./command-table.ts";

/** Where a slot of this backend lies. */
export interface Address {
  readonly bytes: number;
  readonly address: number;
}

const WORDS = 1 << 14;
const COMMANDS = 64;
/** Labels that are kept for errors: of more commands than a queue holds. */
const LABELS = 8192;
/** Commands that the native side keeps of a trace. */
const TRACED = 1 << 18;

export class CommandWriter {
  readonly table: CommandTable;
  readonly #submit: (buffer: Float64Array, words: number) => void;
  readonly #labels = new Map<number, string>();
  /** The first command whose label is kept for a trace. */
  #traced = Infinity;
  #buffer = new Float64Array(WORDS);
  #at = 0;
  /** Where the command that is being written begins: all before it is whole. */
  #start = 0;
  #commands = 0;
  #sequence = 0;

  constructor(table: CommandTable, submit: (buffer: Float64Array, words: number) => void) {
    this.table = table;
    this.#submit = submit;
  }

  /** The newest command's number. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Keeps the labels of the next commands, as many as a trace holds, or no longer. */
  trace(on: boolean): void {
    this.#traced = on ? this.#sequence + 1 : Infinity;
  }

  /** What the command with this number was, for an error about it and for a trace. */
  labelOf(sequence: number): string {
    return this.#labels.get(sequence) ?? `command ${sequence}`;
  }

  begin(command: string, label: string): this {
    this.#at = this.#start; // drops what an encoder that threw has left
    if (this.#at + 4096 > this.#buffer.length) this.flush();
    this.#sequence++;
    this.#labels.set(this.#sequence, label);
    const old = this.#sequence - LABELS;
    if (!(old >= this.#traced && old < this.#traced + TRACED)) this.#labels.delete(old);
    return this.real(this.table.opcode(command)).real(0).real(this.#sequence);
  }

  /** The address of a tensor's first element, or of the one `elements` further; 0 for none. */
  tensor(tensor: Tensor | undefined, elements = 0): this {
    if (!tensor) return this.real(0);
    const { address } = tensor.storage.slot as Address;
    return this.real(address + (tensor.offset + elements) * bytesPerElement[tensor.dtype]);
  }

  tensors(...tensors: (Tensor | undefined)[]): this {
    for (const one of tensors) this.tensor(one);
    return this;
  }

  address(slot: Address | undefined): this {
    return this.real(slot?.address ?? 0);
  }

  /** Integers and reals alike: every word is a double. */
  real(...values: (number | boolean)[]): this {
    for (const value of values) {
      if (this.#at === this.#buffer.length) this.#grow();
      this.#buffer[this.#at++] = Number(value);
    }
    return this;
  }

  /** A count, then the values. */
  list(values: readonly number[]): this {
    return this.real(values.length, ...values);
  }

  /** A value of an enumeration of the command list. */
  named(enumeration: string, name: string): this {
    return this.real(this.table.value(enumeration, name));
  }

  /** The element types of tensors. */
  types(...tensors: readonly Tensor[]): this {
    for (const { dtype } of tensors) this.named("dtype", dtype);
    return this;
  }

  /** p, seed, step, site, row; zeros when nothing is dropped. */
  random(random: RandomMask | undefined): this {
    return random ? this.real(random.p, random.seed, random.step, random.site, random.row) : this.real(0, 0, 0, 0, 0);
  }

  end(): void {
    this.#buffer[this.#start + 1] = this.#at - this.#start;
    this.#start = this.#at;
    if (++this.#commands === COMMANDS) this.flush();
  }

  /** Hands over what is there. */
  flush(): void {
    if (this.#commands === 0) return;
    this.#submit(this.#buffer, this.#start);
    this.#at = this.#start = 0;
    this.#commands = 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}
