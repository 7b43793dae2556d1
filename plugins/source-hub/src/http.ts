// Requests to the hub: who asks, what is tried again and after how long, and every refusal as a sentence.
// Bodies are read elsewhere; a connection that is cut there comes back here as a new request.

import { setTimeout as sleep } from "node:timers/promises";
import { AttuneError } from "@attune/core";
import type { HubSettings } from "./environment.ts";
import type { ModelId } from "./model-id.ts";

/** What can be asked for beside what `fetch` takes. */
export interface RequestDetails extends RequestInit {
  /** The body is read before the answer counts as one, and it is not asked for long: for what is small and comes first. */
  readonly whole?: boolean;
}

export type Request = (url: string, details?: RequestDetails) => Promise<Response>;

/** Seconds that a hub which asks to wait is waited for at most. */
const LONGEST_WAIT = 300;

export interface RequestOptions {
  readonly settings: HubSettings;
  /** What is asked for, for sentences. */
  readonly id: ModelId;
  readonly signal: AbortSignal;
  warn(message: string): void;
}

/**
 * `fetch` for the hub: tries again after failures of network and server, waits as told when it asks too often. E_HUB_NETWORK, E_HUB_SERVER,
 * E_HUB_LIMIT, E_HUB_NOT_FOUND, E_HUB_ACCESS. A range that does not exist (416) is an answer.
 */
export function createRequest({ settings, id, signal, warn }: RequestOptions): Request {
  return async (url, details = {}) => {
    const tries = details.whole ? Math.min(settings.retries, 2) : settings.retries;
    for (let failures = 0; ; failures++) {
      const answer = await ask(url, details, settings, signal);
      if (answer instanceof Response && (answer.ok || answer.status === 416)) return answer;
      const refusal = answer instanceof Response ? await refusalOf(answer, settings, id) : unreachable(answer, url, settings);
      const wait = answer instanceof Response ? waitAfter(answer, failures, settings) : backoff(failures, settings);
      if (wait === undefined || failures >= tries) throw refusal;
      if (wait >= 5000) warn(`${refusal.sentence}: waiting ${Math.round(wait / 1000)} s`);
      await pause(wait, signal);
    }
  };
}

/** Milliseconds before the next try: doubled with each failure, half a minute at most. */
export function backoff(failures: number, { retryDelay }: HubSettings): number {
  return Math.min(30_000, retryDelay * 2 ** failures);
}

/** Waits; rejects with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** The answer, or what the network says in its place. */
async function ask(url: string, { whole, ...init }: RequestDetails, settings: HubSettings, signal: AbortSignal): Promise<Response | Error> {
  const headers = new Headers(init.headers);
  headers.set("user-agent", "attune");
  headers.set("accept-encoding", "identity"); // ranges and sizes are those of the file
  // A redirect to another origin does not take this along.
  if (settings.token !== undefined && url.startsWith(`${settings.endpoint}/`)) headers.set("authorization", `Bearer ${settings.token}`);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), settings.timeout);
  try {
    const signals = [signal, late.signal, ...(init.signal ? [init.signal] : [])];
    const response = await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) });
    return whole && response.ok ? new Response(await response.arrayBuffer(), response) : response;
  } catch (error) {
    signal.throwIfAborted();
    return error as Error;
  } finally {
    clearTimeout(timer); // from here on, whoever reads the body looks at the clock
  }
}

/** How long to wait before asking again; undefined where asking again is of no use. */
function waitAfter({ status, headers }: Response, failures: number, settings: HubSettings): number | undefined {
  if (status !== 429 && status !== 408 && status < 500) return undefined;
  const asked = askedWait(headers);
  if (asked === undefined) return backoff(failures, settings);
  return asked > LONGEST_WAIT ? undefined : asked * 1000;
}

/** Seconds that the server asks for: Retry-After in seconds or as a date, or the hub's own `RateLimit: …;t=55`. */
function askedWait(headers: Headers): number | undefined {
  const after = headers.get("retry-after");
  if (after !== null && /^\d+(\.\d+)?$/.test(after)) return Number(after);
  if (after !== null && !Number.isNaN(Date.parse(after))) return Math.max(0, (Date.parse(after) - Date.now()) / 1000);
  const reset = /;\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  return reset === undefined ? undefined : Number(reset);
}

function unreachable(error: Error, url: string, { endpoint }: HubSettings): AttuneError {
  const host = new URL(url).host;
  const problem = `cannot be reached (${reasonOf(error)})`;
  const hint = `check the network${new URL(endpoint).host === host ? ", HF_ENDPOINT and the proxy" : ""}, or give a model's folder`;
  return new AttuneError({ code: "E_HUB_NETWORK", place: host, problem, hint, cause: error });
}

/** What was wrong with a connection, without the wrapping. */
export function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: Error & { code?: string } };
  if (name === "AbortError" || name === "TimeoutError") return "no answer in time";
  return cause?.code ?? cause?.message ?? message;
}

async function refusalOf(response: Response, settings: HubSettings, id: ModelId): Promise<AttuneError> {
  const host = new URL(settings.endpoint).host;
  const code = response.headers.get("x-error-code") ?? "";
  const said = response.headers.get("x-error-message") ?? "";
  await response.body?.cancel();
  const { status } = response;
  if (status === 429) return limited(response, settings, host);
  if (code === "RevisionNotFound") return revisionNotFound(id, settings);
  if (status === 403 || code === "GatedRepo") return forbidden(id, settings, code, said);
  if (status === 401 && settings.token !== undefined) return tokenRefused(id, settings);
  if (status === 401 || status === 404) return notFound(id, host, settings);
  return new AttuneError({
    code: "E_HUB_SERVER",
    place: host,
    problem: `answered ${status}${said ? ` (${said})` : ""}`,
    hint: "try again later",
  });
}

function limited({ headers }: Response, { token }: HubSettings, host: string): AttuneError {
  const wait = askedWait(headers);
  const problem = `is asked too often from here${wait === undefined ? "" : ` and wants ${Math.ceil(wait)} s of rest`}`;
  const hint = token === undefined ? "try again later; with HF_TOKEN set, the hub allows more" : "try again later";
  return new AttuneError({ code: "E_HUB_LIMIT", place: host, problem, hint });
}

function revisionNotFound({ name, revision }: ModelId, { endpoint }: HubSettings): AttuneError {
  const hint = `${endpoint}/${name}/tree/main lists its branches and tags`;
  return new AttuneError({ code: "E_HUB_NOT_FOUND", place: name, problem: `has no revision ${JSON.stringify(revision)}`, hint });
}

function forbidden({ name }: ModelId, { endpoint, token, tokenFrom }: HubSettings, code: string, said: string): AttuneError {
  const gated = code === "GatedRepo";
  const problem = gated ? "is gated: its owners must let you in" : `may not be read${said ? ` (${said})` : ""}`;
  const accept = gated ? `accept its terms at ${endpoint}/${name}` : "ask its owners for access";
  const hint = token === undefined ? `${accept} and set HF_TOKEN` : `${accept} with the account of ${tokenFrom}`;
  return new AttuneError({ code: "E_HUB_ACCESS", place: name, problem, hint });
}

function tokenRefused({ name }: ModelId, { endpoint, tokenFrom }: HubSettings): AttuneError {
  const problem = `may not be read with the token from ${tokenFrom}`;
  const hint = `check the name, or make a new token at ${endpoint}/settings/tokens`;
  return new AttuneError({ code: "E_HUB_ACCESS", place: name, problem, hint });
}

function notFound({ name }: ModelId, host: string, { token }: HubSettings): AttuneError {
  const hint = token === undefined ? "check the name; a private model needs HF_TOKEN" : "check the name";
  return new AttuneError({ code: "E_HUB_NOT_FOUND", place: name, problem: `is not a model on ${host}`, hint });
}
