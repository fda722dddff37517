import { conceal, isObject, isSecret, type Properties, reveal } from "./wire.ts";

/** Shorter texts are left alone: masking every "1" hides nothing and destroys the message. */
const SHORTEST = 4;

/** Every text under a secret mark, whole and line by line, longest first. */
export function secretTexts(value: unknown): string[] {
  const found = new Set<string>();
  const visit = (inner: unknown, secret: boolean): void => {
    if (isSecret(inner)) visit(inner.value, true);
    else if (typeof inner === "string") {
      if (!secret) return;
      for (const text of [inner, inner.trim(), ...inner.split(/\r?\n/)])
        if (text.length >= SHORTEST) found.add(text);
    } else if (typeof inner === "object" && inner !== null) {
      for (const part of Object.values(inner)) visit(part, secret);
    }
  };
  visit(value, false);
  return [...found].sort((a, b) => b.length - a.length);
}

/** The text with each secret in it replaced. */
export function mask(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) masked = masked.replaceAll(secret, "[secret]");
  return masked;
}

/**
 * What must not be shown of a resource. All of `connection` is secret in state, but where a command ran is what an
 * error has to say: only its credentials count here.
 */
export function resourceSecrets({ connection, ...properties }: Properties): string[] {
  return secretTexts([properties, ...credentials(reveal(connection))]);
}

function credentials(connection: unknown): unknown[] {
  if (!isObject(connection)) return [];
  const { password, privateKey, privateKeyPassword, proxy } = connection;
  return [password, privateKey, privateKeyPassword].map(conceal).concat(credentials(proxy));
}
