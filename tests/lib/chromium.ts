// The system's own Chromium, driven by playwright-core: no browser is downloaded. Without one, tests skip and say so.

import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const places = [
  process.env.ATTUNE_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Why tests in a browser are left out here, or undefined. */
export function missingChromium(): string | undefined {
  return executable() === undefined ? "there is no Chromium here (apt-get install chromium, or ATTUNE_CHROMIUM=/path/to/it)" : undefined;
}

/** Starts Chromium without a window. */
export async function launchChromium(): Promise<Browser> {
  // A container's root has no user namespace for the sandbox; the pages are our own.
  return chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

function executable(): string | undefined {
  return places.find((place) => place !== undefined && existsSync(place));
}
