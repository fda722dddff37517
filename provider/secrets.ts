// How Pulumi marks values on the wire (sdk/proto: special signatures).
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

const isSecret = (value: unknown): value is { value: unknown } =>
  typeof value === "object" &&
  value !== null &&
  (value as Record<string, unknown>)[signature] === secretSignature;

/** The value without its secret marks, at any depth. */
export function reveal(value: unknown): unknown {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
  }
  return value;
}

/** Whether a value is secret or holds one. */
export function holdsSecret(value: unknown): boolean {
  if (isSecret(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsSecret);
}

/** The value marked secret. */
export const conceal = (value: unknown): unknown => ({ [signature]: secretSignature, value });

/** Every text below a secret mark, for masking. Short ones are left out: masking "1" would hide more than it protects. */
export function secretTexts(value: unknown, inside = false): string[] {
  if (isSecret(value)) return secretTexts(value.value, true);
  if (typeof value === "string") return inside && value.length >= 6 ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((inner) => secretTexts(inner, inside));
}
