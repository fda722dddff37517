/** Brackets that begin nothing are passed over this often: a text of brackets alone would else be read over and over. */
const FALSE_STARTS = 64;

/**
 * The JSON documents of a text, in order: some tools print several after each other, or words around them.
 *
 * What is no JSON is left out; a document that is cut at the end is none.
 */
export function jsonDocuments(text: string): unknown[] {
  const found: unknown[] = [];
  let at = 0;
  let falseStarts = 0;
  while (at < text.length && falseStarts < FALSE_STARTS) {
    const start = text.slice(at).search(/[[{]/);
    if (start < 0) break;
    const from = at + start;
    const length = documentLength(text, from);
    const parsed = length === null ? null : parse(text.slice(from, from + length));
    if (parsed === null || length === null) {
      at = from + 1;
      falseStarts++;
    } else {
      found.push(parsed.value);
      at = from + length;
    }
  }
  return found;
}

function parse(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** How far the brackets that open at `from` reach; null when they do not close. Brackets in strings do not count. */
function documentLength(text: string, from: number): number | null {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const letter = text[at];
    if (inString) {
      if (letter === "\\") at++;
      else if (letter === '"') inString = false;
    } else if (letter === '"') inString = true;
    else if (letter === "[" || letter === "{") depth++;
    else if (letter === "]" || letter === "}") {
      depth--;
      if (depth === 0) return at + 1 - from;
    }
  }
  return null;
}
