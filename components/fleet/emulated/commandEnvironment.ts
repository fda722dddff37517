import { userInfo } from "node:os";

// What an installer needs to reach its index from behind a company's proxy or certificates; nothing else of the operator's.
const passed =
  /^(PATH|LANG|LC_[A-Z]+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_[A-Z_]+|UV_[A-Z_]+|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy)$/;

/** The environment of every command on a node: an allow-list of the operator's, the node's own home, and its mark. */
export function commandEnvironment(root: string, id: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const user = userInfo();
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => passed.test(entry[0]) && entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(kept),
    HOME: root,
    USER: user.username,
    LOGNAME: user.username,
    SHELL: user.shell ?? "/bin/sh",
    ROCMARK_NODE: id,
  };
}
