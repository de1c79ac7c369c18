import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { docText } from "./doc-text.js";

const mockModule = "connect-clue/mock";

/**
 * Prints the class that mocks a service: `ChatServiceMock` for `ChatService`.
 *
 * @throws Error when methods of the service have the same name in TypeScript
 */
export function printMockClass(file: GeneratedFile, service: DescService): void {
  checkNames(service);
  const ServiceMock = file.import("ServiceMock", mockModule);
  const MockOptions = file.import("MockOptions", mockModule, true);
  const descriptor = file.importSchema(service);
  file.print(file.jsDoc(docText(`Mock of ${service.typeName}.`, service)));
  const name = file.export("class", `${service.name}Mock`);
  file.print(name, " extends ", ServiceMock, "<typeof ", descriptor, "> {");
  file.print("  constructor(options?: ", MockOptions, ") {");
  file.print("    super(", descriptor, ", options);");
  file.print("  }");
  for (const method of service.methods) {
    printVerb(file, method, "add", {
      script: `Begins a script for the next call in the sequence, a call of ${method.name}.`,
      handler: `Appends a call of ${method.name}, which the handler answers, to the sequence of calls that are expected.`,
    });
    printVerb(file, method, "set", {
      script: `Begins a script for all calls of ${method.name} that the sequence does not answer.`,
      handler: `Has the handler answer all calls of ${method.name} that the sequence does not answer.`,
    });
  }
  file.print("}");
}

/**
 * Prints one verb of the mock for one method: `addSay`. As an upper-case letter or an underscore follows the verb, it has
 * the name of no method of the base, and methods whose names differ in TypeScript have verbs that differ.
 */
function printVerb(
  file: GeneratedFile,
  method: DescMethod,
  verb: "add" | "set",
  summary: { readonly script: string; readonly handler: string },
): void {
  const name = `${verb}${method.name.charAt(0).toUpperCase()}${method.name.slice(1)}`;
  const desc: Printable = ["typeof ", file.importSchema(method.parent), ".method.", method.localName];
  const script: Printable = [file.import("Script", mockModule, true), "<", desc, ">"];
  const handler: Printable = [file.import("MockHandler", mockModule, true), "<", desc, ">"];
  const call = [`this.expectCall("${verb}", `, file.string(method.localName), `, given, this.${name})`];

  file.print();
  file.print(file.jsDoc(docText(summary.script, method), "  "));
  file.print("  ", name, "(): ", script, ";");
  file.print(file.jsDoc(docText(summary.handler, method), "  "));
  file.print("  ", name, "(handler: ", handler, "): this;");
  file.print("  ", name, "(...given: [handler?: ", handler, "]): ", script, " | this {");
  file.print("    return ", call, ";");
  file.print("  }");
}

/** Descriptors keep methods by their names in TypeScript: of two with the same, one cannot be reached. */
function checkNames(service: DescService): void {
  for (const method of service.methods) {
    const reached = service.method[method.localName] ?? method;
    if (reached === method) continue;
    throw new Error(
      `${service.typeName}: the methods ${method.name} and ${reached.name} are both ${method.localName} in TypeScript: rename one`,
    );
  }
}
