/* Node 18 has no Symbol.dispose; `using`, compiled, looks for it under this name. Whoever has such a method imports this first:
 * its name is read when the class is made. */
(Symbol as { dispose?: symbol }).dispose ??= Symbol("Symbol.dispose");
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol("Symbol.asyncDispose");
