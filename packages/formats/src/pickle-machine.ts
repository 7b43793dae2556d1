// The machine that a pickle drives: a stack, marks on it, and a memo of values. It knows no opcodes and executes nothing;
// a global is a name that the host either knows or refuses.

import { pickleError, type PickleCode } from "./pickle-error.ts";

/** Anything that a pickle of this subset can hold. Whole numbers beyond 2^53 are bigint. */
export type PickleValue = null | boolean | number | bigint | string | PickleSequence | PickleDict | PickleGlobal | PickleObject;

export interface PickleSequence {
  readonly kind: "list" | "tuple";
  readonly items: PickleValue[];
}

/** A dict or an OrderedDict: both keep the order of their keys. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** A name that the host knows. */
export interface PickleGlobal {
  readonly kind: "global";
  /** `module.name` */
  readonly name: string;
  /** Left out for what cannot be called. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
}

/** What a host made; `what` says in messages what it is ("a tensor"). */
export interface PickleObject {
  readonly kind: "object";
  readonly what: string;
}

/** Gives names and ids their meaning. Both throw for what they do not know. */
export interface PickleHost {
  global(name: string): PickleGlobal;
  persistent(id: PickleValue): PickleValue;
}

/** Values that one pickle may put on the stack or remember: those of 35,000 tensors. Keeps a hostile file from filling the memory. */
const MOST_VALUES = 1 << 20;

/** What a value is, for messages. Looks at one level only: values may contain themselves. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  if (typeof value !== "object") return String(value).slice(0, 60);
  return value.kind === "object" ? value.what : value.kind === "global" ? value.name : `a ${value.kind}`;
}

/** A tuple. */
export function tupleOf(items: PickleValue[]): PickleSequence {
  return { kind: "tuple", items };
}

/** A dict without entries. */
export function emptyDict(): PickleDict {
  return { kind: "dict", entries: new Map() };
}

/** The stack, the marks and the memo that opcodes work on. */
export class PickleMachine {
  readonly host: PickleHost;
  at: number;
  readonly #bytes: Uint8Array;
  readonly #place: string;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #values = 0;

  constructor(bytes: Uint8Array, start: number, host: PickleHost, place: string) {
    this.#bytes = bytes;
    this.at = start;
    this.host = host;
    this.#place = place;
  }

  /** The value that is left at the end. */
  result(): PickleValue {
    if (this.#stack.length !== 1 || this.#marks.length > 0) throw this.fail("E_PICKLE_VALUE", "does not end with one value");
    return this.#stack[0];
  }

  byte(): number {
    return this.take(1)[0];
  }

  /** The next bytes, as a view. */
  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.at) throw this.fail("E_PICKLE_TRUNCATED", "ends in the middle of its pickle");
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }

  /** A little-endian unsigned number of 1 to 8 bytes. */
  unsigned(count: number): number {
    return this.take(count).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /** The next bytes as UTF-8. */
  text(count: number): string {
    const bytes = this.take(count);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.fail("E_PICKLE_VALUE", "holds a text that is not UTF-8");
    }
  }

  /** UTF-8 up to a line end. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    const text = this.text((end < 0 ? this.#bytes.length : end) - this.at);
    this.take(1);
    return text;
  }

  push(value: PickleValue): void {
    this.#count();
    this.#stack.push(value);
  }

  /** The value on top. */
  top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.fail("E_PICKLE_VALUE", "takes a value that is not there");
    return this.#stack.at(-1)!;
  }

  pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  mark(): void {
    this.#count();
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark. */
  popMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.fail("E_PICKLE_VALUE", "takes a mark that is not there");
    return this.#stack.splice(height);
  }

  /** Remembers the value on top; as the next one, where no number is given. */
  remember(index: number = this.#memo.size): void {
    this.#count();
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.fail("E_PICKLE_VALUE", `takes value ${index} of its memo, which is not there`);
    this.push(value);
  }

  fail(code: PickleCode, problem: string): Error {
    return pickleError(code, `${this.#place} at byte ${this.at}`, problem);
  }

  #count(): void {
    if (++this.#values > MOST_VALUES) throw this.fail("E_PICKLE_VALUE", `holds more than ${MOST_VALUES} values, which no state dict does`);
  }
}
