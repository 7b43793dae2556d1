// One set-up at a time per checkout: two commands started together must not install or compile into the same folders.
// The owner touches the lock every second. It counts as left behind when its process is gone or, where that cannot be seen (another machine or
// container, a lock that was never written to, a number that another process has now), when nobody touched it for a while.

import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cache } from "./paths.mjs";
import { SetupError, say } from "./say.mjs";

const lock = join(cache, "set-up.lock");
const LOOK = 100;
const usual = { beat: 1000, silence: 15_000, patience: 30 * 60_000 };

/**
 * Runs `work` while holding the checkout's lock. A lock left behind is taken over; SetupError when another holds it for longer than `patience`.
 * Times are in milliseconds.
 */
export async function exclusively(work, times = {}) {
  const { beat, silence, patience } = { ...usual, ...times };
  mkdirSync(cache, { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  await waitFor(() => create(mine), { silence, patience });
  const touching = setInterval(touch, beat).unref();
  const release = () => remove(mine);
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.removeListener("exit", release);
    release();
  }
}

/** Time is counted in looks, not read from a clock: a machine that slept has not waited, and clocks of two machines need not agree. */
async function waitFor(take, { silence, patience }) {
  let last;
  for (let waited = 0, still = 0; !take(); waited += LOOK, still += LOOK) {
    const found = look();
    if (!found) continue;
    if (found.touched !== last?.touched || found.text !== last?.text) still = 0;
    if (isGone(found.text) || still >= silence) {
      remove(found.text);
      continue;
    }
    if (!last) say(`another set-up of this checkout is running; waiting for it (its lock is ${lock})`);
    if (waited >= patience) throw new SetupError(gaveUp(patience));
    last = found;
    await sleep(LOOK);
  }
}

const gaveUp = (patience) =>
  `another set-up of this checkout has held ${lock} for ${Math.round(patience / 60_000)} minutes. Hint: end that process, or remove the file if there is none.`;

function create(text) {
  try {
    writeFileSync(lock, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

/** What the lock says and when it was touched; undefined where it is gone meanwhile. */
function look() {
  try {
    return { text: readFileSync(lock, "utf8"), touched: statSync(lock).mtimeMs };
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

function touch() {
  try {
    const now = new Date();
    utimesSync(lock, now, now);
  } catch {
    // It is gone: somebody removed it by hand.
  }
}

/** Whether the lock names a process of this machine that does not run. */
function isGone(text) {
  try {
    const { pid, host } = JSON.parse(text);
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Removes the lock that says `text`. It is moved aside first: another may have taken it since it was read, and gets it back. */
function remove(text) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readFileSync(aside, "utf8") !== text) linkSync(aside, lock);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  }
  rmSync(aside, { force: true });
}
