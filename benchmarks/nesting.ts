/**
 * How deep the brackets of a JSON text nest, stopping as soon as `limit` is passed. Linear, no recursion, no allocation:
 * it runs before `JSON.parse`, which would recurse into a hostile text. The text need not be valid JSON.
 */
export function nestingDepth(text: string, limit: number): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c) i++;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x5b || unit === 0x7b) {
      depth++;
      if (depth > deepest) deepest = depth;
      if (deepest > limit) return deepest;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return deepest;
}
