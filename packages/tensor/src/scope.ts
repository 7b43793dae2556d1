// Scopes own what ops make: one list per scope, given back at its end, except what the function returned.

import { AttuneError } from "@attune/core";
import { Tensor } from "./tensor.ts";

export class ScopeStack {
  readonly #scopes: Set<Tensor>[] = [];

  get depth(): number {
    return this.#scopes.length;
  }

  run<T>(fn: () => T): T {
    const owned = new Set<Tensor>();
    this.#scopes.push(owned);
    let result: T | undefined;
    try {
      result = fn();
      if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
        throw new AttuneError({
          code: "E_ASYNC_SCOPE",
          problem: "a scope's function returned a promise",
          hint: "enqueue the work in the scope, return the tensors, and await outside",
        });
      }
    } catch (error) {
      result = undefined;
      throw error;
    } finally {
      this.#scopes.pop();
      this.#leave(owned, result);
    }
    return result;
  }

  /** Gives the innermost scope a reference that the caller holds. */
  own(tensor: Tensor): void {
    this.expectOpen("a tensor").add(tensor);
  }

  /** Passes the scope's reference from one handle to another of the same storage; a handle that the scope does not own keeps its own. */
  replace(before: Tensor, after: Tensor): void {
    const innermost = this.#scopes[this.#scopes.length - 1];
    if (!innermost.delete(before)) after.storage.retain();
    innermost.add(after);
  }

  expectOpen(what: string): Set<Tensor> {
    const innermost = this.#scopes[this.#scopes.length - 1];
    if (innermost) return innermost;
    throw new AttuneError({
      code: "E_NO_SCOPE",
      place: what,
      problem: "was made outside of any scope",
      hint: "wrap the work in engine.scope(() => …)",
    });
  }

  #leave(owned: Set<Tensor>, result: unknown): void {
    const returned = new Set<Tensor>();
    collect(result, returned);
    const parent = this.#scopes[this.#scopes.length - 1];
    for (const tensor of owned) {
      if (!returned.has(tensor)) tensor.storage.release();
      else parent?.add(tensor); // at the outermost scope the reference passes to the caller
    }
  }
}

/** The tensors in a returned value: itself, or in arrays and plain objects. */
function collect(value: unknown, into: Set<Tensor>): void {
  if (value instanceof Tensor) into.add(value);
  else if (Array.isArray(value)) for (const one of value) collect(one, into);
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    for (const one of Object.values(value)) collect(one, into);
}
