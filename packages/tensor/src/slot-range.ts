// What backends check of a copy between host and device: a range beyond its slot would be a neighbour's memory.

import { AttuneError } from "@attune/core";
import type { Slot } from "./backend.ts";

/** E_ATTRIBUTE unless `byteLength` bytes from `byteOffset` on lie within the slot. */
export function expectWithin(slot: Slot, byteOffset: number, byteLength: number): void {
  if (byteOffset >= 0 && byteLength >= 0 && byteOffset + byteLength <= slot.bytes) return;
  throw new AttuneError({
    code: "E_ATTRIBUTE",
    place: "backend",
    expected: `a range of ${slot.bytes} bytes`,
    got: `${byteLength} bytes from byte ${byteOffset} on`,
  });
}
