/** What is worked out of a table, once for each: tables never change, and thousands of nodes are held against the same. */
export function perTable<Table extends object, Value>(
  workOut: (table: Table) => Value,
): (table: Table) => Value {
  const known = new WeakMap<Table, Value>();
  return (table) => {
    const value = known.get(table) ?? workOut(table);
    known.set(table, value);
    return value;
  };
}
