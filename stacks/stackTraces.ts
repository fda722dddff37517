/**
 * Imported first: stack traces as V8 writes them, without source maps.
 *
 * Pulumi's runner maps every trace, and its SDK takes one for each of the dozen promises of a resource: a third of the time of
 * a program with many resources. Nothing is lost by it: Node strips types in place, so lines and columns are the source's own.
 */
Reflect.deleteProperty(Error, "prepareStackTrace");
