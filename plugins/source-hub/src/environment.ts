// Where the hub and its cache are, and who asks: options first, then the variables that Python's huggingface_hub reads, then its defaults.

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export interface HubOptions {
  readonly endpoint?: string | undefined;
  readonly cache?: string | undefined;
  readonly token?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly retries: number;
  /** Seconds. */
  readonly retryDelay: number;
  /** Seconds. */
  readonly timeout: number;
}

/** Everything decided. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cache: string;
  readonly token: string | undefined;
  /** Where the token is from, for a person. */
  readonly tokenFrom: string;
  readonly offline: boolean;
  readonly retries: number;
  /** Milliseconds. */
  readonly retryDelay: number;
  /** Milliseconds. */
  readonly timeout: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Options completed by environment and defaults. */
export async function settingsOf(options: HubOptions, environment: Environment = process.env): Promise<HubSettings> {
  const home = expanded(environment.HF_HOME) ?? join(expanded(environment.XDG_CACHE_HOME) ?? join(homedir(), ".cache"), "huggingface");
  const cache = options.cache ?? expanded(environment.HF_HUB_CACHE) ?? expanded(environment.HUGGINGFACE_HUB_CACHE) ?? join(home, "hub");
  const { retries, retryDelay, timeout } = options;
  return {
    endpoint: (options.endpoint ?? (environment.HF_ENDPOINT || "https://huggingface.co")).replace(/\/+$/, ""),
    cache,
    ...(await tokenOf(options, environment, home)),
    offline: options.offline ?? (isTrue(environment.HF_HUB_OFFLINE) || isTrue(environment.TRANSFORMERS_OFFLINE)),
    retries,
    retryDelay: retryDelay * 1000,
    timeout: timeout * 1000,
  };
}

async function tokenOf(
  { token }: HubOptions,
  environment: Environment,
  home: string,
): Promise<{ token: string | undefined; tokenFrom: string }> {
  if (token) return { token, tokenFrom: "the option token" };
  if (isTrue(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return { token: undefined, tokenFrom: "" };
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const value = environment[name]?.trim();
    if (value) return { token: value, tokenFrom: name };
  }
  const path = expanded(environment.HF_TOKEN_PATH) ?? join(home, "token");
  const saved = (await readFile(path, "utf8").catch(() => "")).trim();
  return saved ? { token: saved, tokenFrom: path } : { token: undefined, tokenFrom: "" };
}

/** A path with `~` and `$NAME` replaced, as Python does; undefined for nothing. */
function expanded(path: string | undefined): string | undefined {
  if (!path) return undefined;
  return path
    .replace(/^~(?=$|\/)/, homedir())
    .replace(/\$(\w+|\{\w+\})/g, (written, name: string) => process.env[name.replace(/[{}]/g, "")] ?? written);
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
