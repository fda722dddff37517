/**
 * Property values as they travel between engine and plugin: JSON, with marked objects for what JSON has not.
 * The marks are Pulumi's own (sdk/go/common/resource/properties.go).
 */
export type Properties = Record<string, unknown>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Stands for a value that a preview does not know yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface WireAsset {
  hash?: string;
  text?: string;
  path?: string;
  uri?: string;
}

export interface WireArchive {
  hash?: string;
  path?: string;
  uri?: string;
  assets?: Record<string, unknown>;
}

export const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isMarked = (value: unknown, mark: string): value is Properties =>
  isObject(value) && value[SIGNATURE] === mark;

export const isSecret = (value: unknown): value is { value: unknown } => isMarked(value, SECRET);
export const isAsset = (value: unknown): value is WireAsset => isMarked(value, ASSET);
export const isArchive = (value: unknown): value is WireArchive => isMarked(value, ARCHIVE);

/** The value marked secret, once. */
export const conceal = (value: unknown): unknown =>
  isSecret(value) ? value : { [SIGNATURE]: SECRET, value };

export const toAsset = (asset: WireAsset): unknown => ({
  [SIGNATURE]: ASSET,
  text: "",
  path: "",
  uri: "",
  ...asset,
});
export const toArchive = (archive: WireArchive): unknown => ({
  [SIGNATURE]: ARCHIVE,
  path: "",
  uri: "",
  ...archive,
});

/** The value without secret marks, at any depth. */
export function reveal(value: unknown): unknown {
  if (isSecret(value)) return reveal(value.value);
  if (Array.isArray(value)) return value.map(reveal);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)]));
  return value;
}

/** Whether the value is secret, or holds something secret. */
export const holdsSecret = (value: unknown): boolean =>
  isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsSecret));

/** Whether the value is unknown in this preview, or holds something unknown. */
export const holdsUnknown = (value: unknown): boolean =>
  value === UNKNOWN ||
  (typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown));
