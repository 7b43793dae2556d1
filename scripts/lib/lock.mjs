// One set-up at a time per checkout: two commands started together must not install or compile into the same folders.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cache } from "./paths.mjs";
import { say } from "./say.mjs";

const lock = join(cache, "set-up.lock");

/** Runs `work` while holding the checkout's lock; a lock left by a process that is gone is taken over. */
export async function exclusively(work) {
  mkdirSync(cache, { recursive: true });
  let waiting = false;
  while (!take()) {
    if (!waiting) say("another set-up of this checkout is running; waiting for it");
    waiting = true;
    await sleep(100);
  }
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!ownerIsAlive()) rmSync(lock, { force: true });
  return false;
}

function ownerIsAlive() {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    if (owner > 0) process.kill(owner, 0);
    return true; // alive, or just created and still empty
  } catch (error) {
    return error.code === "EPERM";
  }
}
