/** The instrumentation scope of the kit's spans and metrics: the package and its version. */
export const scopeName = "connect-clue";
/** As in package.json. */
export const scopeVersion = "0.1.0";
