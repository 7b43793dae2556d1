// The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. `fetch` goes through it only where that is set for the whole process, so it is set
// while models are fetched, by the first of those that are fetched at once, and taken away by the last.

import * as http from "node:http";

/** Sets the proxy of the environment for the process; what it returns takes it away. Not every Node can do that. */
type SetProxy = () => (() => void) | undefined;

const setByNode: SetProxy = () => (http as { setGlobalProxyFromEnv?: () => () => void }).setGlobalProxyFromEnv?.();

/** Uses of the proxy that may overlap. */
export function sharedProxy(set: SetProxy): () => Disposable {
  let users = 0;
  let restore: (() => void) | undefined;
  return () => {
    const named = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].some((name) => process.env[name]);
    if (users++ === 0 && named) restore = set();
    return {
      [Symbol.dispose]() {
        if (--users > 0) return;
        restore?.();
        restore = undefined;
      },
    };
  };
}

/** `fetch` goes through the proxy, where this Node can do that; until disposed. */
export const proxyFromEnvironment = sharedProxy(setByNode);
