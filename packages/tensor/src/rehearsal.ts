// What a step would need in memory, found out without computing it: every op is inferred, decomposed and given memory as on the real device, but
// the memory is only counted and no kernel runs.

import { newCounters } from "./backend.ts";
import type { Backend, Kernel, Need } from "./backend.ts";

/** A backend that takes the same ways as `real` and only counts; `need` is what it counted so far. */
export function rehearsalOf(real: Backend): { backend: Backend; need(): Need } {
  const counters = newCounters();
  let largest = 0;
  const known = new Map<string, Kernel | undefined>();
  const silent = (name: string): Kernel | undefined => {
    const { supports, workspace } = real.kernels[name] ?? {};
    return real.kernels[name] && { run() {}, ...(supports && { supports }), ...(workspace && { workspace }) };
  };
  const kernels = new Proxy<Record<string, Kernel>>(
    {},
    {
      get(_, name: string) {
        if (!known.has(name)) known.set(name, silent(name));
        return known.get(name);
      },
    },
  );
  const backend: Backend = {
    ...real,
    kernels,
    counters,
    alloc(bytes) {
      largest = Math.max(largest, bytes);
      counters.bytesLive += bytes;
      counters.bytesPeak = Math.max(counters.bytesPeak, counters.bytesLive);
      return { bytes };
    },
    free(slot) {
      counters.bytesLive -= slot.bytes;
    },
    write() {},
  };
  return { backend, need: () => ({ bytes: counters.bytesPeak, largest }) };
}
