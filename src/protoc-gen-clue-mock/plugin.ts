import { createEcmaScriptPlugin, type Plugin, type Schema } from "@bufbuild/protoplugin";
import { scopeVersion } from "../call/scope.js";
import { printMockClass } from "./mock-class.js";

/**
 * The plugin: it writes a file `<name>_mock.ts` beside each `<name>_pb.ts` of protoc-gen-es that has services, with a
 * class for each of them. JavaScript and declarations are made of the TypeScript by the plugin framework.
 */
export const mockPlugin: Plugin = createEcmaScriptPlugin({
  name: "protoc-gen-clue-mock",
  version: `v${scopeVersion}`,
  parseOptions: refuse,
  generateTs,
});

/** Files without services stay empty: the framework leaves them out, or with `keep_empty_files` it does not. */
function generateTs(schema: Schema): void {
  for (const file of schema.files) {
    const generated = schema.generateFile(`${file.name}_mock.ts`);
    generated.preamble(file);
    file.services.forEach((service, i) => {
      if (i > 0) generated.print();
      printMockClass(generated, service);
    });
  }
}

/** There are no options but those of every plugin that is made with the framework. What comes here is none of them. */
function refuse(options: readonly { readonly key: string }[]): object {
  if (options.length === 0) return {};
  throw new Error(
    "there are target, import_extension, rewrite_imports, js_import_style, keep_empty_files, ts_nocheck and elide_plugin_version",
  );
}
