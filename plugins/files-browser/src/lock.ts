// A lock between the tabs and workers of an origin, by the browser's own locks: it is free again as soon as its tab is gone.

import { AttuneError } from "@attune/core";

/** Takes the lock or throws E_LOCKED; disposing gives it back. */
export async function lockPath(path: string): Promise<AsyncDisposable> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let ended: Promise<unknown> = Promise.resolve();
  const taken = await new Promise<boolean>((resolve, reject) => {
    ended = navigator.locks
      .request(`attune:${path}`, { ifAvailable: true }, async (lock) => {
        resolve(lock !== null);
        if (lock !== null) await held;
      })
      .catch(reject);
  });
  if (!taken) {
    const hint = "wait until it has ended, or close the other tab";
    throw new AttuneError({ code: "E_LOCKED", place: path, problem: "is held by this page or by another tab", hint });
  }
  return {
    async [Symbol.asyncDispose]() {
      release();
      await ended;
    },
  };
}
