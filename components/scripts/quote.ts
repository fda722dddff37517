/**
 * One POSIX shell word that the shell reads back as exactly {@link text}.
 *
 * Single quotes switch every special character off except themselves (POSIX.1-2017, Shell Command Language, 2.2.2).
 *
 * @throws RangeError on a NUL character, which no shell word can hold.
 */
export function quote(text: string): string {
  if (text.includes("\0")) throw new RangeError("A shell word cannot hold a NUL character.");
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
