/** The text as one word of a POSIX shell, whatever is in it. A NUL byte cannot be in one and is refused. */
export function quote(text: string): string {
  if (text.includes("\0")) throw new RangeError("A shell word cannot hold a NUL byte.");
  if (/^[A-Za-z0-9_./:=@%+-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
