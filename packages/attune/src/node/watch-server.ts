// A page for this machine alone: one HTML page and a stream that says when it has changed. Listens on 127.0.0.1 and answers no request that
// was meant for another host, so that no web page can reach it by a name of its own (DNS rebinding).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AttuneError } from "@attune/core";

/** What is shown. */
export interface WatchedPage {
  /** Changes whenever the page does. */
  state(): Promise<string>;
  render(): Promise<string>;
}

export interface WatchServer extends AsyncDisposable {
  readonly url: string;
}

/** Milliseconds between two looks at the state. */
const LOOK = 500;
/** Looks between two signs of life, for those who sit between. */
const ALIVE = 30;

/** Serves the page until disposed; port 0 takes a free one. E_PORT when the port cannot be had. */
export async function serveWatch(page: WatchedPage, port = 0): Promise<WatchServer> {
  const listeners = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(page, request, response, { listeners, port: (server.address() as AddressInfo | null)?.port ?? 0 }).catch((error: unknown) => {
      if (!response.headersSent) send(response, 500, "text/plain", error instanceof Error ? error.message : String(error));
      response.end();
    });
  });
  await listen(server, port);
  const stop = lookAt(page, listeners);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      stop();
      for (const listener of listeners) listener.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = { EADDRINUSE: "is in use", EACCES: "may not be used by you" };
      const hint = "give another --port, or none for any free one";
      reject(new AttuneError({ code: "E_PORT", place: `port ${port}`, problem: reasons[cause.code ?? ""] ?? cause.message, hint, cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function answer(
  page: WatchedPage,
  request: IncomingMessage,
  response: ServerResponse,
  { listeners, port }: { listeners: Set<ServerResponse>; port: number },
): Promise<void> {
  const hosts = ["127.0.0.1", "localhost"].flatMap((host) => (port === 80 ? [host, `${host}:80`] : [`${host}:${port}`]));
  if (!hosts.includes(request.headers.host ?? ""))
    return send(response, 403, "text/plain", `This page is for http://127.0.0.1:${port}/ only.`);
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "text/plain", "This page can only be read.");
  const [pathname] = (request.url ?? "/").split("?"); // not as a URL: "//" is none
  if (pathname === "/") return send(response, 200, "text/html; charset=utf-8", await page.render());
  if (pathname === "/favicon.ico") return send(response, 204, "image/x-icon", "");
  if (pathname !== "/events") return send(response, 404, "text/plain", "There is one page only: /");
  response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
  response.write("retry: 1000\n\n");
  listeners.add(response);
  response.once("close", () => listeners.delete(response));
}

/** Nothing is kept, nothing is guessed, nobody else may embed or read it. */
const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...headers, "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}

/** Tells the listeners when the page has changed; looks only while somebody listens. Returns how to stop. */
function lookAt(page: WatchedPage, listeners: ReadonlySet<ServerResponse>): () => void {
  let [state, looks, busy] = ["", 0, false];
  const timer = setInterval(() => {
    if (listeners.size === 0 || busy) return;
    busy = true;
    page
      .state()
      .then((now) => {
        if (now !== state) for (const listener of listeners) listener.write("data: changed\n\n");
        else if (++looks % ALIVE === 0) for (const listener of listeners) listener.write(": alive\n\n");
        state = now;
      })
      .catch(() => undefined) // a file that is replaced at this moment: the next look sees it
      .finally(() => (busy = false));
  }, LOOK);
  return () => clearInterval(timer);
}
